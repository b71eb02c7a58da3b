-- What a DELETE on a table reaches: its own partitions, and over foreign keys on
-- delete cascade, set null and set default the tables whose rows it deletes
-- (is_deleted) or updates. Read by the preflight and by add_hold.
create or replace function @extschema@._reached(p_relation_id oid)
returns table (relation_id oid, is_deleted boolean, is_own boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive own as (
        select p_relation_id as relation_id
        union
        select t.relid from pg_partition_tree(p_relation_id) as t
    ),

    reached as (
        select o.relation_id, true as is_deleted
        from own as o
        union
        select c.conrelid, c.confdeltype = 'c'
        from reached as r
        inner join pg_constraint as c on c.confrelid = r.relation_id
        where r.is_deleted and c.contype = 'f' and c.confdeltype in ('c', 'n', 'd')
    )

    select r.relation_id, r.is_deleted, r.relation_id in (select o.relation_id from own as o)
    from reached as r
$$;
comment on function @extschema@._reached(oid) is
'The tables whose rows a DELETE on a table deletes or updates.';
