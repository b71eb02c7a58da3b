-- requires: _health_finding, partition_sets, _schema
-- health: tables whose partitions do not reach as far ahead as their policy says.
create or replace function @extschema@._health_runway()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when s.covered_until is null or (s.premake > 0 and s.missing - s.gaps >= s.premake) then 'critical' else 'warning' end,
        format('%I.%I', s.schema_name, s.table_name),
        case
            when s.covered_until is null and s.default_name is null then 'no partition covers now: rows are refused'
            when s.covered_until is null then 'no partition covers now: rows go to the default'
            else format('partitions end at %s, %s of %s ahead are missing', s.covered_until, s.missing - s.gaps, s.premake)
        end,
        s.missing - s.gaps, 'missing partitions', format('%s ahead', s.premake), 'exact', null,
        case when s.managed_by = 'us' then format('call %I.rotate(%L);', @extschema@._schema(), format('%I.%I', s.schema_name, s.table_name)) else 'Call run_maintenance of pg_partman.' end, 'none'
    )
    from @extschema@.partition_sets as s
    where s.partition_interval is not null and (s.covered_until is null or 2 * (s.missing - s.gaps) > s.premake)
$$;
comment on function @extschema@._health_runway() is
'health: tables whose partitions do not reach as far ahead as their policy says.';
