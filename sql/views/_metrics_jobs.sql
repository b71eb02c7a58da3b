-- requires: jobs
-- Behind the view metrics: the jobs in pg_cron.
create or replace view @extschema@._metrics_jobs as
select
    m.name,
    jsonb_build_object('job_name', j.job_name) as labels,
    m.value
from @extschema@.jobs as j
cross join
    lateral (
        values
        (
            'telemetry_job_healthy',
            case
                when j.state <> 'unknown' then (j.state in ('ok', 'running', 'waiting'))::integer::double precision
            end
        ),
        ('telemetry_job_missed_runs', j.missed_24h::double precision),
        ('telemetry_job_last_start_timestamp_seconds', extract(epoch from j.last_started_at)::double precision)
    ) as m (name, value)
where m.value is not null;
comment on view @extschema@._metrics_jobs is
'Metrics of the jobs in pg_cron.';
