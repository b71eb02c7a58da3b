-- requires: _identity, _call_alive
-- How one job stands, worst first, with what to run. p_last is its newest call,
-- p_cron what pg_cron says, p_missed the time at which it should have come and did
-- not; p_launcher is null when we may not know.
create or replace function @extschema@._job_state(
    p_job @extschema@._job,
    p_last @extschema@._call,
    p_cron jsonb,
    p_missed timestamptz,
    p_launcher boolean,
    out state text,
    out detail text,
    out fix text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_apply constant text := 'pytelemetry-db schedule apply';
    v_present boolean := (p_cron ->> 'present')::boolean;
    v_running boolean := (p_last).call_id is not null and (p_last).outcome is null and @extschema@._call_alive(p_last);
begin
    if (p_job).database_oid <> (select d.database_oid from @extschema@._identity() as d) then
        state := 'copied';
        detail := 'it was put on the schedule of another database, of which this one is a copy';
        fix := v_apply;
    elsif not exists (select from pg_roles as r where r.rolname = (p_job).role_name) then
        state := 'owner dropped';
        detail := format('role %I does not exist any more: the job cannot run, and keeps the launcher of pg_cron from starting again', (p_job).role_name);
        fix := format('select cron.unschedule(%s); -- in database %I', (p_job).cron_job_id, (p_job).cron_database);
    elsif not v_present and v_running then
        state := 'orphaned';
        detail := format('it is not in pg_cron any more, and pid %s still works for it since %s', (p_last).pid, (p_last).started_at);
        fix := format('select %I._request_stop(%s);', @extschema@._schema(), (p_last).pid);
    elsif not v_present then
        state := 'removed';
        detail := format('job %s is not in pg_cron any more', (p_job).cron_job_id);
        fix := v_apply;
    elsif (p_cron ->> 'active')::boolean = false then
        state := 'inactive';
        detail := 'it was switched off in pg_cron';
        fix := format('select cron.alter_job(%s, active := true); -- in database %I', (p_job).cron_job_id, (p_job).cron_database);
    elsif v_present and (p_cron ->> 'schedule', p_cron ->> 'command') is distinct from ((p_job).schedule, (p_job).command) then
        state := 'changed';
        detail := format('pg_cron has another schedule or command: %s %s', p_cron ->> 'schedule', p_cron ->> 'command');
        fix := v_apply;
    elsif v_running then
        state := 'running';
        detail := format('pid %s since %s', (p_last).pid, (p_last).started_at);
    elsif p_missed is not null then
        state := 'late';
        detail := format('nothing came at %s', p_missed)
            || case when not p_launcher then '; the launcher of pg_cron is not running' else '' end;
        fix := case
            when not p_launcher then 'restart the server; its log says why the launcher ended'
            else 'pytelemetry-db doctor'
        end;
    elsif (p_last).outcome = 'failed' then
        state := 'failing';
        detail := (p_last).detail;
        fix := 'pytelemetry-db report';
    elsif p_cron ->> 'last_status' = 'failed' then
        state := 'failing';
        detail := p_cron ->> 'last_message';
        fix := 'pytelemetry-db doctor';
    elsif (p_last).call_id is null and p_cron ->> 'last_start' is null then
        state := 'waiting';
        detail := 'it has not run yet';
    else
        state := 'ok';
    end if;
end
$$;
comment on function @extschema@._job_state(@extschema@._job, @extschema@._call, jsonb, timestamptz, boolean) is
'How one job stands, worst first, with what to run.';
