-- doctor: jobs that are not as they should be. Their state is the view's.
select
    'job' as check_id,
    'warning' as level,
    'job ' || j.job_name || ' is ' || j.state || coalesce(': ' || j.state_detail, '') as detail,
    j.state_fix as fix
from @extschema@.jobs as j
where j.state not in ('ok', 'running', 'waiting');
