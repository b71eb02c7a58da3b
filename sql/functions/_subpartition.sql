-- A partition of a table that is partitioned itself, by name; null when there is none.
-- A new one would have to be as well, and in which way nobody said. Reads catalogs
-- only. Called by what refuses such a set: set_policy, rotate and adopt.
create or replace function @extschema@._subpartition(p_relation_id oid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select format('%I.%I', n.nspname, c.relname)
        -- From the few that are partitioned to their parents; the other way there may be thousands.
        from pg_partitioned_table as t
        inner join pg_inherits as i on i.inhrelid = t.partrelid
        inner join pg_class as c on c.oid = t.partrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        where i.inhparent = p_relation_id
        order by c.oid
        limit 1
    );
end
$$;
comment on function @extschema@._subpartition(oid) is
'A partition of a table that is partitioned itself.';
