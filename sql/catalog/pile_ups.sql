-- schedule apply: cleanup jobs that may still be at work when their next time comes.
with gap as (
    select
        j.job_name,
        j.schedule,
        f.at - lag(f.at) over (partition by j.job_name order by f.at) as length
    from @extschema@._job as j
    cross join lateral @extschema@._fires(j.schedule, j.time_zone, now(), null, 6) as f (at)
    where j.kind = 'cleanup'
)

select
    g.job_name,
    g.schedule,
    min(g.length)::text as gap,
    @extschema@._get_setting('cleanup_max_duration') as max_duration
from gap as g
group by g.job_name, g.schedule
having min(g.length) < @extschema@._get_setting('cleanup_max_duration')::interval;
