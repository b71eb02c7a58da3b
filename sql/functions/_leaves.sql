-- The leaf tables that hold the rows of a table: itself when it is plain.
-- Rows are only ever deleted from leaves, because a ctid is unique only there.
create or replace function @extschema@._leaves(p_relation_id oid)
returns table (relation_id oid, schema_name name, table_name name)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select c.oid, n.nspname, c.relname
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        c.relkind = 'r'
        and (
            c.oid = p_relation_id
            or c.oid in (select t.relid from pg_partition_tree(p_relation_id) as t where t.isleaf)
        )
    order by c.oid
$$;
comment on function @extschema@._leaves(oid) is
'The leaf tables that hold the rows of a table, by oid.';
