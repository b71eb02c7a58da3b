-- schedule list: the view, without the long commands.
select
    j.job_name,
    j.kind,
    j.schedule,
    j.time_zone,
    j.state,
    j.state_detail,
    j.state_fix,
    j.last_started_at,
    j.last_finished_at,
    j.last_outcome,
    j.last_rows,
    j.expected_at,
    j.next_at,
    j.expected_24h,
    j.missed_24h,
    j.late_24h,
    j.overlapped_24h,
    j.piled_up_24h,
    j.role_name,
    j.cron_database,
    j.cron_job_id
from @extschema@.jobs as j
order by j.job_name;
