-- The leaf tables that hold the rows of a table: itself when it is plain.
-- Rows are only ever deleted from leaves, because a ctid is unique only there. From
-- the catalog: pg_partition_tree would lock each of them.
create or replace function @extschema@._leaves(p_relation_id oid)
returns table (relation_id oid, schema_name name, table_name name)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree as (
        select p_relation_id as relation_id
        union all
        select i.inhrelid
        from tree as t
        inner join pg_inherits as i on i.inhparent = t.relation_id
        where not i.inhdetachpending
    )

    select c.oid, n.nspname, c.relname
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        c.relkind = 'r'
        and c.oid in (select t.relation_id from tree as t)
    order by c.oid
$$;
comment on function @extschema@._leaves(oid) is
'The leaf tables that hold the rows of a table, by oid.';
