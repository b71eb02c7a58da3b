-- requires: _health_finding, _health_policies, _health_settings
-- health: managed tables that take far more room than their rows, by the width
-- of a row that ANALYZE saw. Room that passes free is used again: it is a
-- warning only when most of a large table is empty, by the settings health_bloat
-- and health_bloat_size.
create or replace function @extschema@._health_bloat()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when b.width is null then 'unknown' else 'warning' end, format('%I.%I', b.schema_name, b.table_name),
        case
            when b.width is null then 'the statistics of its columns cannot be read, or are not there'
            else format(
                'about %s %% of its heap is empty; new rows use the room. To give it back needs %s of free space, or pg_repack',
                round(100 * (1 - b.needed / b.bytes)), pg_size_pretty(b.needed)
            )
        end,
        round(100 * (1 - b.needed / b.bytes)), '%', format('%s %% of more than %s', b.most, b.large), 'estimated', b.age,
        case
            when b.width is null then format('analyze %I.%I;', b.schema_name, b.table_name)
            else format('vacuum (full, analyze) %I.%I;', b.schema_name, b.table_name)
        end,
        case when b.width is null then 'SHARE UPDATE EXCLUSIVE' else 'ACCESS EXCLUSIVE' end
    )
    from (
        select
            p.schema_name, p.table_name, w.width, t.most, t.large, r.relpages::numeric * current_setting('block_size')::numeric as bytes,
            greatest(r.reltuples, 0)::numeric * (28 + w.width) * 100
            / coalesce(
                (select v.option_value::numeric from pg_options_to_table(r.reloptions) as v where v.option_name = 'fillfactor'), 100
            ) as needed,
            clock_timestamp() - greatest(pg_stat_get_last_analyze_time(r.oid), pg_stat_get_last_autoanalyze_time(r.oid)) as age
        from @extschema@._health_policies() as p
        inner join pg_class as r on r.oid = p.relation_id and r.relkind = 'r'
        cross join lateral (
            select sum(s.avg_width * (1 - s.null_frac))::numeric
            from pg_stats as s
            where s.schemaname = p.schema_name and s.tablename = p.table_name
        ) as w (width)
        cross join (
            select (j ->> 'health_bloat')::numeric, j ->> 'health_bloat_size'
            from @extschema@._health_settings() as j
        ) as t (most, large)
        where r.relpages::bigint * current_setting('block_size')::bigint > case t.large when 'off' then null else pg_size_bytes(t.large) end
    ) as b
    where b.width is null or 100 * (1 - b.needed / b.bytes) > b.most
$$;
comment on function @extschema@._health_bloat() is
'health: managed tables that take far more room than their rows.';
