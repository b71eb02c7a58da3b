-- doctor: may the connected role schedule passes with pg_cron, in which database,
-- and what keeps pg_cron from running them? Settings of pg_cron are null for a
-- role that may not see them, and then nothing is said of them.
with cron as (
    select
        -- What can be had here, when the one in use is in another database.
        coalesce(e.extversion, p.default_version) as version,
        regexp_match(coalesce(e.extversion, p.default_version), '^(\d+)\.(\d+)')::integer[] < array[1, 5] as is_old,
        e.extname is not null as is_here,
        coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) as may_use,
        pg_catalog.current_setting('max_worker_processes')::integer as max_workers,
        pg_catalog.current_setting('max_connections')::integer as max_connections,
        pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') as sees_sessions,
        strpos(l.setting, 'pg_cron') > 0 as is_loaded,
        -- One literal each: 'a,b' would be the name of one library, without which no server starts.
        (
            select string_agg(quote_literal(btrim(u.name, ' "')), ', ' order by u.position)
            from
                pg_catalog.string_to_table(pg_catalog.concat_ws(',', nullif(l.setting, ''), 'pg_cron'), ',')
                with ordinality as u (name, position)
        ) as libraries,
        d.setting as database_name,
        w.setting = 'on' as uses_workers,
        m.setting::integer as max_running_jobs,
        a.setting = 'off' as launches_nothing,
        g.setting = 'off' as logs_nothing,
        r.rolcanlogin,
        s.pid is not null as launcher_is_seen
    from pg_catalog.pg_available_extensions as p
    left join pg_catalog.pg_extension as e on p.name = e.extname
    left join pg_catalog.pg_namespace as n on n.nspname = 'cron'
    left join pg_catalog.pg_settings as l on l.name = 'shared_preload_libraries'
    left join pg_catalog.pg_settings as d on d.name = 'cron.database_name'
    left join pg_catalog.pg_settings as w on w.name = 'cron.use_background_workers'
    left join pg_catalog.pg_settings as m on m.name = 'cron.max_running_jobs'
    left join pg_catalog.pg_settings as a on a.name = 'cron.launch_active_jobs'
    left join pg_catalog.pg_settings as g on g.name = 'cron.log_run'
    left join pg_catalog.pg_roles as r on r.rolname = current_user
    left join pg_catalog.pg_stat_activity as s on s.backend_type = 'pg_cron launcher'
    where p.name = 'pg_cron'
)

select
    'pg_cron' as check_id,
    'note' as level,
    'pg_cron can be had on this server but is not loaded: passes need a scheduler outside' as detail,
    'alter system set shared_preload_libraries = ' || c.libraries || '; -- then restart' as fix
from cron as c
where not c.is_loaded and not c.is_here
union all
select
    'pg_cron' as check_id,
    'note' as level,
    'pg_cron is not in this database: jobs are kept in '
    || coalesce('database ' || quote_ident(c.database_name), 'the one that cron.database_name names') as detail,
    'pytelemetry-db schedule apply' as fix
from cron as c
where not c.is_here and coalesce(c.is_loaded, true)
union all
select
    'pg_cron' as check_id,
    'warning' as level,
    'role ' || quote_ident(current_user) || ' may not use pg_cron' as detail,
    'grant usage on schema cron to ' || quote_ident(current_user) || ';' as fix
from cron as c
where c.is_here and not c.may_use
union all
select
    'cron_library' as check_id,
    'error' as level,
    'pg_cron is in this database, but not in shared_preload_libraries: no job runs' as detail,
    'alter system set shared_preload_libraries = ' || c.libraries || '; -- then restart' as fix
from cron as c
where c.is_here and not c.is_loaded
union all
select
    'cron_launcher' as check_id,
    'error' as level,
    'the launcher of pg_cron is not running: no job runs' as detail,
    'restart the server; its log says why the launcher ended, for example a job of a role that does not exist' as fix
from cron as c
where c.is_loaded and c.sees_sessions and not c.launcher_is_seen and not pg_catalog.pg_is_in_recovery()
union all
select
    'cron_active' as check_id,
    'error' as level,
    'cron.launch_active_jobs is off: no job runs' as detail,
    'alter system set cron.launch_active_jobs = on; -- then select pg_reload_conf()' as fix
from cron as c
where c.launches_nothing
union all
select
    'cron_workers' as check_id,
    'warning' as level,
    'pg_cron ' || c.version || ' with background workers: one long job keeps all others from starting' as detail,
    'alter system set cron.use_background_workers = off; -- then restart' as fix
from cron as c
where c.uses_workers and c.is_old
union all
select
    'cron_workers' as check_id,
    'warning' as level,
    'cron.max_running_jobs is ' || c.max_running_jobs || ' and max_worker_processes ' || c.max_workers
    || ': jobs may find no background worker' as detail,
    'alter system set max_worker_processes = ' || c.max_running_jobs + 8 || '; -- then restart' as fix
from cron as c
where c.uses_workers and c.max_running_jobs + 2 > c.max_workers
union all
select
    'cron_connections' as check_id,
    'warning' as level,
    'cron.max_running_jobs is ' || c.max_running_jobs || ' and max_connections ' || c.max_connections
    || ': jobs may take every connection' as detail,
    'alter system set cron.max_running_jobs = ' || greatest(c.max_connections / 4, 1) || '; -- then restart' as fix
from cron as c
where not c.uses_workers and c.max_running_jobs > c.max_connections - 10
union all
select
    'cron_log' as check_id,
    'note' as level,
    'cron.log_run is off: pg_cron keeps no history, and only ours tells what ran' as detail,
    null as fix
from cron as c
where c.logs_nothing
union all
select
    'cron_login' as check_id,
    'warning' as level,
    'role ' || quote_ident(current_user)
    || ' may not log in: pg_cron, which works as the role of a job, cannot run one of it' as detail,
    'alter role ' || quote_ident(current_user) || ' login;' as fix
from cron as c
where not c.rolcanlogin;
