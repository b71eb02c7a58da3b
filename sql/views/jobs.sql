-- requires: _job_states
-- The jobs in pg_cron, what came of them, and whether all of it really ran: by
-- the calls that were written down, not by what pg_cron remembers.
create or replace view @extschema@.jobs as
select
    s.job_name,
    j.kind,
    j.schedule,
    j.time_zone,
    s.state,
    s.detail as state_detail,
    s.fix as state_fix,
    s.last_started_at,
    s.last_finished_at,
    s.last_outcome,
    s.last_rows,
    s.expected_at,
    s.next_at,
    s.expected_24h,
    s.missed_24h,
    s.late_24h,
    s.overlapped_24h,
    s.piled_up_24h,
    j.role_name,
    j.cron_database,
    j.cron_job_id,
    j.command,
    j.applied_at
from @extschema@._job_states() as s
left join @extschema@._job as j on s.job_name = j.job_name;
comment on view @extschema@.jobs is
'The jobs in pg_cron: when they should run, what came of it, and what to do.';
