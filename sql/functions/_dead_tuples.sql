-- Dead rows of each user table, its partitions summed up, as the cumulative
-- statistics know them, and when autovacuum would come. health runs this text
-- where we are not installed: nothing of ours may be named in it.
create or replace function @extschema@._dead_tuples()
returns table (
    schema_name name,
    table_name name,
    dead_rows bigint,
    live_rows bigint,
    percent numeric,
    autovacuum_at bigint,
    autovacuum boolean,
    last_vacuum timestamptz,
    relation_id oid,
    statistics_lost bigint
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive tree as (
        select c.oid as root_id, c.oid as relation_id
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where
            c.relkind in ('r', 'p', 'm') and not c.relispartition and c.relpersistence <> 't'
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        union all
        select t.root_id, i.inhrelid
        from tree as t
        inner join pg_inherits as i on i.inhparent = t.relation_id
        inner join pg_class as p on p.oid = i.inhparent and p.relkind = 'p'
    ),

    summed as (
        select
            t.root_id,
            sum(pg_stat_get_dead_tuples(c.oid)) as dead_rows,
            sum(pg_stat_get_live_tuples(c.oid)) as live_rows,
            sum(
                coalesce(o.threshold, current_setting('autovacuum_vacuum_threshold')::numeric)
                + coalesce(o.factor, current_setting('autovacuum_vacuum_scale_factor')::numeric) * greatest(c.reltuples, 0)::numeric
            ) as autovacuum_at,
            bool_and(coalesce(o.enabled, true)) and current_setting('autovacuum')::boolean as autovacuum,
            min(greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))) as last_vacuum,
            -- As _tables has it.
            count(*) filter (
                where c.reltuples > 0 and pg_stat_get_live_tuples(c.oid) = 0 and pg_stat_get_tuples_inserted(c.oid) = 0
                and coalesce(
                    pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid), pg_stat_get_last_analyze_time(c.oid),
                    pg_stat_get_last_autoanalyze_time(c.oid)
                ) is null
            ) as statistics_lost
        from tree as t
        inner join pg_class as c on c.oid = t.relation_id and c.relkind in ('r', 'm')
        cross join lateral (
            select
                max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_threshold')::numeric as threshold,
                max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_scale_factor')::numeric as factor,
                bool_and(v.option_value::boolean) filter (where v.option_name = 'autovacuum_enabled') as enabled
            from pg_options_to_table(c.reloptions) as v
        ) as o
        group by t.root_id
    )

    select
        n.nspname as schema_name,
        c.relname as table_name,
        s.dead_rows::bigint as dead_rows,
        s.live_rows::bigint as live_rows,
        round(100 * s.dead_rows / nullif(s.dead_rows + s.live_rows, 0), 1) as percent,
        s.autovacuum_at::bigint as autovacuum_at,
        s.autovacuum,
        s.last_vacuum,
        c.oid as relation_id,
        s.statistics_lost
    from summed as s
    inner join pg_class as c on c.oid = s.root_id
    inner join pg_namespace as n on n.oid = c.relnamespace
    order by 3 desc, 1, 2
$$;
comment on function @extschema@._dead_tuples() is
'Dead rows of each user table, and when autovacuum would come.';
