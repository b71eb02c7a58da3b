-- requires: _health_finding, _health_settings, _dead_tuples, _schema
-- health: tables with too many dead rows, by the settings health_dead_rows,
-- health_dead_percent and health_dead_rule. A table whose statistics a crash
-- took is unknown.
create or replace function @extschema@._health_dead_tuples()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when d.statistics_lost > 0 then 'unknown' else 'warning' end, format('%I.%I', d.schema_name, d.table_name),
        case
            when d.statistics_lost > 0 then 'its statistics were lost (a crash, or a reset): dead rows are not known'
            else format('%s dead rows (%s %%)%s', d.dead_rows, d.percent, case when d.autovacuum then '' else ', and autovacuum is off' end)
        end,
        case when d.statistics_lost = 0 then d.dead_rows end, 'rows',
        format('%s rows %s %s %%', s.most, case s.rule when 'both' then 'and' else 'or' end, s.percent), 'estimated',
        clock_timestamp() - d.last_vacuum,
        format('%s %I.%I;', case when d.statistics_lost > 0 then 'analyze' else 'vacuum (analyze)' end, d.schema_name, d.table_name),
        'SHARE UPDATE EXCLUSIVE'
    )
    from @extschema@._dead_tuples() as d
    cross join (
        select (j ->> 'health_dead_rows')::bigint, (j ->> 'health_dead_percent')::numeric, j ->> 'health_dead_rule'
        from @extschema@._health_settings() as j
    ) as s (most, percent, rule)
    where
        (d.statistics_lost > 0 and d.schema_name <> @extschema@._schema())
        or case s.rule
            when 'both' then d.dead_rows > s.most and d.percent > s.percent
            else d.dead_rows > s.most or d.percent > s.percent
        end
$$;
comment on function @extschema@._health_dead_tuples() is
'health: tables with too many dead rows.';
