-- requires: _health_settings
-- Behind the view metrics: what the policies say, so that rules need no numbers.
create or replace view @extschema@._metrics_policies as
select
    m.name,
    jsonb_build_object('schema', p.schema_name, 'table', p.table_name) as labels,
    m.value
from @extschema@._policy as p
cross join @extschema@._health_settings() as s (settings)
cross join
    lateral (
        values
        ('telemetry_retention_seconds', extract(epoch from p.keep)::double precision),
        ('telemetry_retention_grace_seconds', extract(epoch from p.grace)::double precision),
        (
            'telemetry_retention_late_after_seconds',
            2 * extract(epoch from greatest(p.grace, interval '1 hour'))::double precision
        ),
        ('telemetry_retention_created_timestamp_seconds', extract(epoch from p.created_at)::double precision),
        ('telemetry_db_table_size_limit_bytes', p.max_size::double precision),
        ('telemetry_db_table_dead_rows_limit', (s.settings ->> 'health_dead_rows')::double precision),
        (
            'telemetry_db_table_dead_rows_ratio_limit',
            (s.settings ->> 'health_dead_percent')::double precision / 100
        )
    ) as m (name, value)
where m.value is not null
union all
select
    m.name,
    m.labels,
    m.value
from @extschema@._installation as i
cross join @extschema@._health_settings() as s (settings)
cross join lateral (
    values
    (
        'telemetry_maintenance_info',
        jsonb_build_object(
            'version', i.version, 'migration', i.migration::text, 'postgresql', current_setting('server_version')
        ),
        1::double precision
    ),
    (
        'telemetry_snapshot_timestamp_seconds', '{}'::jsonb,
        extract(epoch from clock_timestamp())::double precision
    ),
    (
        'telemetry_db_longest_blocked_limit_seconds', '{}'::jsonb,
        extract(epoch from (s.settings ->> 'health_long')::interval)::double precision
    )
) as m (name, labels, value);
comment on view @extschema@._metrics_policies is
'Metrics of what the policies and settings say.';
