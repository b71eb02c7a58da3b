-- requires: _health_finding, _tables, _schema
-- health: tables whose cumulative statistics were lost, in a crash or by a
-- reset: dead rows are not known, and autovacuum comes too late. Ours are small.
create or replace function @extschema@._health_statistics()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', t.schema_name, t.table_name),
        'its cumulative statistics were lost (a crash, or a reset)', t.statistics_lost, 'tables', '0', 'exact', null,
        format('analyze %I.%I;', t.schema_name, t.table_name), 'SHARE UPDATE EXCLUSIVE'
    )
    from @extschema@._tables() as t
    where t.statistics_lost > 0 and t.schema_name <> @extschema@._schema()
$$;
comment on function @extschema@._health_statistics() is
'health: tables whose cumulative statistics were lost.';
