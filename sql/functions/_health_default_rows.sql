-- requires: _health_finding, partition_sets, _schema
-- health: default partitions with rows, which no partition takes.
create or replace function @extschema@._health_default_rows()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', s.schema_name, s.table_name), format('about %s rows are in its default partition %I', s.default_rows, s.default_name),
        s.default_rows, 'rows', null, 'estimated', null,
        case when s.managed_by = 'us' then format('call %I.rotate(%L);', @extschema@._schema(), format('%I.%I', s.schema_name, s.table_name)) else 'Call run_maintenance of pg_partman.' end, 'none'
    )
    from @extschema@.partition_sets as s
    where s.default_rows > 0
$$;
comment on function @extschema@._health_default_rows() is
'health: default partitions with rows, which no partition takes.';
