-- requires: retention
-- Behind the view metrics: is every policy kept, from the view retention, which
-- knows the debt.
create or replace view @extschema@._metrics_retention as
select
    m.name,
    jsonb_build_object('schema', r.schema_name, 'table', r.table_name) || m.more as labels,
    m.value
from @extschema@.retention as r
cross join
    lateral (
        values
        ('telemetry_retention_state', '{"state": "active"}'::jsonb, (r.state = 'active')::integer::double precision),
        ('telemetry_retention_state', '{"state": "paused"}'::jsonb, (r.state = 'paused')::integer::double precision),
        (
            'telemetry_retention_state', '{"state": "suspended"}'::jsonb,
            (r.state = 'suspended')::integer::double precision
        ),
        (
            'telemetry_cleanup_last_success_timestamp_seconds', '{}'::jsonb,
            extract(epoch from r.last_good_at)::double precision
        ),
        ('telemetry_cleanup_expired_rows', '{}'::jsonb, r.expired_rows::double precision),
        ('telemetry_cleanup_expired_bytes', '{}'::jsonb, r.expired_bytes::double precision),
        (
            'telemetry_cleanup_overdue_seconds', '{}'::jsonb,
            extract(epoch from r.over_policy)::double precision
        ),
        ('telemetry_cleanup_margin_ratio', '{}'::jsonb, r.margin::double precision)
    ) as m (name, more, value)
where m.value is not null;
comment on view @extschema@._metrics_retention is
'Metrics of what is expired and still there.';
