-- requires: health
-- Behind the view metrics: the worst finding of each check; critical is worse than
-- unknown, and that than a warning. What was acknowledged counts as fine.
create or replace view @extschema@._metrics_health as
select
    'telemetry_health_status'::text as name,
    jsonb_build_object('check', h.check_id) as labels,
    case
        when bool_or(h.status = 'critical') then 2
        when bool_or(h.status = 'unknown') then 3
        when bool_or(h.status = 'warning') then 1
        else 0
    end::double precision as value
from @extschema@.health as h
group by h.check_id
union all
select
    'telemetry_health_last_run_timestamp_seconds'::text as name,
    '{}'::jsonb as labels,
    extract(epoch from clock_timestamp())::double precision as value;
comment on view @extschema@._metrics_health is
'Metrics of the checks of health.';
