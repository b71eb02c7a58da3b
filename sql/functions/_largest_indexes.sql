-- All indexes, largest first; those of partitions are summed up into the index of
-- the partitioned table. From catalogs alone, without a lock on any index. health
-- runs this text where we are not installed: nothing of ours may be named in it.
create or replace function @extschema@._largest_indexes()
returns table (
    schema_name name,
    table_name name,
    index_name name,
    bytes bigint,
    partitions bigint,
    scans bigint,
    is_unique boolean,
    is_valid boolean,
    index_id oid
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive tree as (
        select c.oid as root_id, c.oid as index_id
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where
            c.relkind in ('i', 'I') and not c.relispartition and c.relpersistence <> 't'
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        union all
        select t.root_id, i.inhrelid
        from tree as t
        inner join pg_inherits as i on i.inhparent = t.index_id
    ),

    summed as (
        select
            t.root_id, count(*) - 1 as partitions, sum(c.relpages::bigint) as pages,
            sum(pg_stat_get_numscans(c.oid)) as scans
        from tree as t
        inner join pg_class as c on c.oid = t.index_id
        group by t.root_id
    )

    select
        n.nspname as schema_name,
        r.relname as table_name,
        c.relname as index_name,
        (s.pages * current_setting('block_size')::bigint)::bigint as bytes,
        s.partitions,
        s.scans::bigint as scans,
        k.indisunique as is_unique,
        k.indisvalid as is_valid,
        c.oid as index_id
    from summed as s
    inner join pg_class as c on c.oid = s.root_id
    inner join pg_index as k on k.indexrelid = c.oid
    inner join pg_class as r on r.oid = k.indrelid
    inner join pg_namespace as n on n.oid = r.relnamespace
    order by 4 desc nulls last, 1, 2, 3
$$;
comment on function @extschema@._largest_indexes() is
'All indexes, largest first; those of partitions summed up.';
