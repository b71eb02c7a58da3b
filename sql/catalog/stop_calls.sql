-- schedule remove: asks the calls of removed jobs that are still at work to stop
-- at their batch boundary.
select
    c.job_name,
    c.pid,
    @extschema@._request_stop(c.pid) as asked
from @extschema@._call as c
where
    c.outcome is null
    and c.job_name = any(%(jobs)s::text[])
    and @extschema@._call_alive(c);
