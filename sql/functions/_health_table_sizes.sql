-- requires: _health_finding, _health_policies, _tables
-- health: managed tables beside their size budget, as last measured by VACUUM or
-- ANALYZE.
create or replace function @extschema@._health_table_sizes()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when t.relation_id is null or t.never_measured > 0 then 'unknown'
            when t.total_bytes > p.max_size then 'warning'
            else 'ok'
        end,
        format('%I.%I', p.schema_name, p.table_name),
        case
            when t.relation_id is null then 'the table is not there'
            when t.never_measured > 0 then 'it was never analyzed, so its size is not known'
            else format('about %s', pg_size_pretty(t.total_bytes))
                || coalesce(format(' of %s', pg_size_pretty(p.max_size)), ', without a budget')
        end,
        case when t.never_measured = 0 then t.total_bytes end, 'bytes', pg_size_pretty(p.max_size), 'estimated',
        clock_timestamp() - greatest(t.last_vacuum, t.last_analyze),
        case
            when t.never_measured > 0 then format('analyze %I.%I;', p.schema_name, p.table_name)
            when t.total_bytes > p.max_size then 'keep less, or give the table a larger budget'
        end,
        case when t.never_measured > 0 then 'SHARE UPDATE EXCLUSIVE' else 'manual' end
    )
    from @extschema@._health_policies() as p
    left join @extschema@._tables() as t on t.relation_id = p.relation_id
$$;
comment on function @extschema@._health_table_sizes() is
'health: managed tables beside their size budget.';
