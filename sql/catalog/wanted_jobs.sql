-- schedule: the jobs that should be in pg_cron, with their names there.
select
    w.job_name,
    w.cron_name,
    w.kind,
    w.relation_id::bigint as relation_id,
    w.schedule,
    w.command,
    w.refusal
from @extschema@._wanted_jobs(%(role)s::name) as w;
