-- requires: _health_finding, jobs
-- health: jobs of pg_cron that do not do what they should, from the view jobs; and
-- whether its launcher is there and may start them, which not every role can see.
create or replace function @extschema@._health_jobs()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when j.state in ('ok', 'running', 'waiting') and l.reason is null then 'ok' else 'critical' end,
        j.job_name,
        concat_ws(': ', j.state, j.state_detail) || case when j.state_detail ~ 'launcher' then '' else coalesce('; ' || l.reason, '') end,
        j.missed_24h, 'missed in 24 h', null, 'exact', null, coalesce(l.fix, j.state_fix), 'none'
    )
    from @extschema@.jobs as j
    cross join (
        select
            case when s.off then 'cron.launch_active_jobs is off' when s.dead then 'the launcher of pg_cron is not running' end as reason,
            case
                when s.off then 'alter system reset cron.launch_active_jobs; select pg_reload_conf();'
                when s.dead then 'restart the server; its log says why the launcher ended'
            end as fix
        from (
            select
                -- pg_cron 1.5 and later show it to those who may read all settings.
                pg_has_role('pg_read_all_settings', 'usage')
                and coalesce(current_setting('cron.launch_active_jobs', true) in ('off', 'false'), false) as off,
                pg_has_role('pg_read_all_stats', 'usage') and not pg_is_in_recovery()
                and not exists (select from pg_stat_activity as a where a.backend_type ~ '^pg_cron') as dead
        ) as s
    ) as l
$$;
comment on function @extschema@._health_jobs() is
'health: jobs of pg_cron that do not do what they should.';
