-- doctor: jobs that are not as they should be. Their state is the view's.
select
    'job' as check_id,
    'warning' as level,
    'job ' || j.job_name || ' is ' || j.state || coalesce(': ' || j.state_detail, '') as detail,
    j.state_fix as fix
from @extschema@.jobs as j
where j.state not in ('ok', 'running', 'waiting')
union all
select distinct
    'cron_login' as check_id,
    'warning' as level,
    'role ' || quote_ident(j.role_name) || ' may not log in: pg_cron cannot run its jobs' as detail,
    'alter role ' || quote_ident(j.role_name) || ' login;' as fix
from @extschema@.jobs as j
inner join pg_catalog.pg_roles as r on j.role_name = r.rolname
-- Of the connected role it is said in any case.
where not r.rolcanlogin and r.rolname <> current_user;
