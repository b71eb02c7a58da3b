-- Every user table with its partitions summed up, from catalogs and statistics
-- alone: pages as VACUUM or ANALYZE last saw them. Takes no lock on any of them,
-- so that one behind ACCESS EXCLUSIVE does not stop the others. health runs this
-- text where we are not installed: nothing of ours may be named in it.
create or replace function @extschema@._tables()
returns table (
    schema_name name,
    table_name name,
    partitions bigint,
    total_bytes bigint,
    table_bytes bigint,
    index_bytes bigint,
    rows_estimated bigint,
    live_rows bigint,
    dead_rows bigint,
    never_measured bigint,
    statistics_lost bigint,
    last_vacuum timestamptz,
    last_analyze timestamptz,
    relation_id oid
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive tree as (
        select c.oid as root_id, c.oid as relation_id, 0 as depth
        from pg_class as c
        where c.relkind in ('r', 'p', 'm') and not c.relispartition and c.relpersistence <> 't'
        union all
        select t.root_id, i.inhrelid, t.depth + 1
        from tree as t
        inner join pg_inherits as i on i.inhparent = t.relation_id
        inner join pg_class as p on p.oid = i.inhparent and p.relkind = 'p'
    ),

    leaf as (
        select
            t.root_id, t.depth, c.oid, c.relpages, c.reltuples, c.reltoastrelid,
            pg_stat_get_live_tuples(c.oid) as live_rows, pg_stat_get_dead_tuples(c.oid) as dead_rows,
            greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) as last_vacuum,
            greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) as last_analyze,
            pg_stat_get_tuples_inserted(c.oid) as inserted
        from tree as t
        inner join pg_class as c on c.oid = t.relation_id and c.relkind in ('r', 'm')
    ),

    sized as (
        select l.*, coalesce(t.pages, 0) as toast_pages, coalesce(x.pages, 0) as index_pages
        from leaf as l
        left join (
            select c.oid as toast_id, c.relpages + coalesce(sum(i.relpages), 0) as pages
            from pg_class as c
            left join pg_index as k on k.indrelid = c.oid
            left join pg_class as i on i.oid = k.indexrelid
            where c.relkind = 't'
            group by c.oid
        ) as t on t.toast_id = l.reltoastrelid
        left join (
            select k.indrelid, sum(c.relpages) as pages
            from pg_index as k inner join pg_class as c on c.oid = k.indexrelid
            group by k.indrelid
        ) as x on x.indrelid = l.oid
    ),

    summed as (
        select
            s.root_id,
            count(*) filter (where s.depth > 0) as partitions,
            sum(s.relpages + s.toast_pages) as table_pages,
            sum(s.index_pages) as index_pages,
            sum(greatest(s.reltuples, 0)) as rows_estimated,
            sum(s.live_rows) as live_rows,
            sum(s.dead_rows) as dead_rows,
            count(*) filter (where s.reltuples < 0) as never_measured,
            -- Rows once counted, and not a sign of who counted them: a crash takes all statistics away.
            count(*) filter (
                where s.reltuples > 0 and s.live_rows = 0 and s.inserted = 0 and s.last_vacuum is null and s.last_analyze is null
            ) as statistics_lost,
            min(s.last_vacuum) as last_vacuum,
            min(s.last_analyze) as last_analyze
        from sized as s
        group by s.root_id
    )

    select
        n.nspname as schema_name,
        c.relname as table_name,
        coalesce(s.partitions, 0) as partitions,
        ((s.table_pages + s.index_pages) * current_setting('block_size')::bigint)::bigint as total_bytes,
        (s.table_pages * current_setting('block_size')::bigint)::bigint as table_bytes,
        (s.index_pages * current_setting('block_size')::bigint)::bigint as index_bytes,
        s.rows_estimated::bigint as rows_estimated,
        s.live_rows::bigint as live_rows,
        s.dead_rows::bigint as dead_rows,
        s.never_measured,
        s.statistics_lost,
        s.last_vacuum,
        s.last_analyze,
        c.oid as relation_id
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    left join summed as s on s.root_id = c.oid
    where
        c.relkind in ('r', 'p', 'm') and not c.relispartition and c.relpersistence <> 't'
        and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 4 desc nulls last, 1, 2
$$;
comment on function @extschema@._tables() is
'Every user table with its partitions summed up, from catalogs and statistics alone.';
