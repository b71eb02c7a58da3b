-- requires: _fires, _call_alive
-- The times at which one job should have called within a span, and what came:
-- "met", "late" (over a minute), "overlapped" (its last call was still at work) or
-- "missed" (nothing came).
create or replace function @extschema@._job_slots(
    p_job @extschema@._job,
    p_from timestamptz,
    p_until timestamptz
)
returns table (fire_at timestamptz, outcome text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with slot as (
        select f.at, lead(f.at, 1, p_until + interval '90 s') over (order by f.at) as next_at
        from @extschema@._fires((p_job).schedule, (p_job).time_zone, p_from, p_until) as f (at)
    )
    select
        s.at,
        case
            when b.until > s.at then 'overlapped'
            when c.started_at is null then 'missed'
            when c.started_at > s.at + interval '1 min' then 'late'
            else 'met'
        end
    from slot as s
    -- A scheduler's clock may be a little ahead of ours.
    left join lateral (
        select
            case when o.outcome is null and @extschema@._call_alive(o) then 'infinity' else coalesce(o.finished_at, o.started_at) end as until
        from @extschema@._call as o
        where o.job_name = (p_job).job_name and o.started_at < s.at - interval '5 s'
        order by o.started_at desc
        limit 1
    ) as b on true
    left join lateral (
        select o.started_at
        from @extschema@._call as o
        where o.job_name = (p_job).job_name and o.started_at >= s.at - interval '5 s' and o.started_at < s.next_at - interval '5 s'
        order by o.started_at
        limit 1
    ) as c on true
$$;
comment on function @extschema@._job_slots(@extschema@._job, timestamptz, timestamptz) is
'The times at which one job should have called within a span, and what came.';
