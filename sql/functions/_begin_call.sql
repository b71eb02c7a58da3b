-- requires: _call_alive
-- Writes down that a scheduled job called, and returns the call's id; null when
-- it is one of those that pg_cron let queue up behind a long one: the work they
-- came for has been done a moment ago, so they return at once.
create or replace function @extschema@._begin_call(p_job_name text, p_deadline timestamptz)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_piled_up boolean;
    v_call_id bigint;
begin
    update @extschema@._call as c
    set outcome = 'interrupted', finished_at = v_now, detail = 'its session ended without finishing it; found by the next call'
    where c.job_name = p_job_name and c.outcome is null and not @extschema@._call_alive(c);
    v_piled_up := exists (
        select from @extschema@._call as c
        where
            c.job_name = p_job_name and c.outcome in ('done', 'failed')
            and c.finished_at > v_now - interval '10 s' and c.finished_at - c.started_at > interval '1 min'
    );
    insert into @extschema@._call (job_name, started_at, deadline, finished_at, outcome, backend_start, application_name)
    values (
        p_job_name, v_now, p_deadline, case when v_piled_up then v_now end, case when v_piled_up then 'piled_up' end,
        (select a.backend_start from pg_stat_activity as a where a.pid = pg_backend_pid()), current_setting('application_name')
    )
    returning call_id into v_call_id;
    return case when not v_piled_up then v_call_id end;
end
$$;
comment on function @extschema@._begin_call(text, timestamptz) is
'Writes down that a scheduled job called; null when it only queued up behind a long one.';
