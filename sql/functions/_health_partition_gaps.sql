-- requires: _health_finding, partition_sets, _schema
-- health: tables with a gap between their partitions.
create or replace function @extschema@._health_partition_gaps()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', s.schema_name, s.table_name), format('%s gaps between its partitions, the first from %s', s.gaps, s.first_gap),
        s.gaps, 'gaps', null, 'exact', null,
        case when s.managed_by = 'us' then format('call %I.rotate(%L);', @extschema@._schema(), format('%I.%I', s.schema_name, s.table_name)) else 'Call run_maintenance of pg_partman.' end, 'none'
    )
    from @extschema@.partition_sets as s
    where s.gaps > 0
$$;
comment on function @extschema@._health_partition_gaps() is
'health: tables with a gap between their partitions.';
