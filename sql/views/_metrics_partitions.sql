-- requires: partition_sets
-- Behind the view metrics: how far ahead the partitions of each table with a policy
-- reach. One series for each partitioned table, none for a partition; locks none.
create or replace view @extschema@._metrics_partitions as
select
    m.name,
    jsonb_build_object('schema', s.schema_name, 'table', s.table_name) as labels,
    m.value
from @extschema@.partition_sets as s
cross join
    lateral (
        values
        ('telemetry_partitions', s.partitions::double precision),
        ('telemetry_partition_runway_seconds', extract(epoch from s.runway)::double precision),
        (
            'telemetry_partition_runway_limit_seconds',
            extract(epoch from s.partition_interval * coalesce(s.premake, 0) / 2)::double precision
        ),
        (
            'telemetry_partition_premake',
            case when s.partition_interval is not null then s.premake::double precision end
        ),
        ('telemetry_partitions_missing', s.missing::double precision),
        ('telemetry_partition_default_rows', s.default_rows::double precision)
    ) as m (name, value)
where m.value is not null;
comment on view @extschema@._metrics_partitions is
'Metrics of how far ahead partitions reach.';
