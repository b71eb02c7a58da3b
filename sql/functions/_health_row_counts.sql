-- requires: _health_finding, _health_policies, _tables
-- health: rows of managed tables as last counted by VACUUM or ANALYZE. The
-- command counts exactly when asked.
create or replace function @extschema@._health_row_counts()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when t.never_measured > 0 or t.relation_id is null then 'unknown' else 'ok' end,
        format('%I.%I', p.schema_name, p.table_name),
        case
            when t.relation_id is null then 'the table is not there'
            when t.never_measured > 0 then 'it was never analyzed, so its rows are not known'
            else format('about %s rows', t.rows_estimated)
        end,
        case when t.never_measured = 0 then t.rows_estimated end, 'rows', null, 'estimated',
        clock_timestamp() - greatest(t.last_vacuum, t.last_analyze),
        case when t.never_measured > 0 then format('analyze %I.%I;', p.schema_name, p.table_name) end, 'SHARE UPDATE EXCLUSIVE'
    )
    from @extschema@._health_policies() as p
    left join @extschema@._tables() as t on t.relation_id = p.relation_id
$$;
comment on function @extschema@._health_row_counts() is
'health: rows of managed tables as last counted.';
