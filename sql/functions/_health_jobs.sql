-- requires: _health_finding, jobs
-- health: jobs of pg_cron that do not do what they should, from the view jobs.
create or replace function @extschema@._health_jobs()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when j.state in ('ok', 'running', 'waiting') then 'ok' when j.state = 'unknown' then 'unknown' else 'critical' end,
        j.job_name, concat_ws(': ', j.state, j.state_detail), j.missed_24h, 'missed in 24 h', null, 'exact', null, j.state_fix, 'none'
    )
    from @extschema@.jobs as j
$$;
comment on function @extschema@._health_jobs() is
'health: jobs of pg_cron that do not do what they should.';
