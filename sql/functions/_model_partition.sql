-- requires: _partitions_of
-- The partition that new ones are made like: the newest table among them; p_likely when
-- it still is one, so that a pass that has the list need not list again. Null when there is
-- none, and the parent is the model.
create or replace function @extschema@._model_partition(p_parent oid, p_likely oid default null)
returns oid
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select i.inhrelid
            from pg_inherits as i
            inner join pg_class as c on c.oid = i.inhrelid
            where i.inhrelid = p_likely and i.inhparent = p_parent and not i.inhdetachpending and c.relkind = 'r'
        ),
        (
            select p.relation_id
            from @extschema@._partitions_of(p_parent) as p
            where not p.is_default and not p.detach_pending and p.relation_kind = 'r'
            order by p.upper_at desc nulls last, p.relation_id desc
            limit 1
        )
    )
$$;
comment on function @extschema@._model_partition(oid, oid) is
'The partition that new ones of a table are made like.';
