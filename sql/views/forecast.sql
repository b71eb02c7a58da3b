-- Growth of every managed table and of all together, from the last sample of each
-- day of eight weeks: the median of all slopes (Theil and Sen), which one odd day
-- does not move. Low and high are meant to hold nine weeks of ten; without two weeks
-- of samples there is no growth. What is never reached is at infinity.
create or replace view @extschema@.forecast as
with daily as (
    select
        p.policy_id,
        d.at,
        extract(epoch from d.at) / 86400 as day,
        (d.heap_bytes + d.index_bytes + d.toast_bytes)::numeric as bytes
    from @extschema@._policy as p
    cross join lateral (
        select distinct on (date_trunc('day', s.at))
            s.at,
            s.heap_bytes,
            s.index_bytes,
            s.toast_bytes
        from @extschema@._sample as s
        where
            s.policy_id = p.policy_id
            and s.relation_id = p.relation_id
            and s.heap_bytes is not null
            and s.at > now() - interval '56 days'
        order by date_trunc('day', s.at) asc, s.at desc
    ) as d
),

slope as (
    select
        a.policy_id,
        percentile_cont(0.5) within group (
            order by ((b.bytes - a.bytes) / (b.day - a.day))::double precision
        )::numeric as per_day
    from daily as a
    inner join daily as b on a.policy_id = b.policy_id and a.day < b.day
    group by a.policy_id
),

step as (
    select
        d.policy_id,
        d.at,
        (d.bytes - lag(d.bytes) over w) / nullif(d.day - lag(d.day) over w, 0) - s.per_day as deviation
    from daily as d
    inner join slope as s on d.policy_id = s.policy_id
    window w as (partition by d.policy_id order by d.at)
),

spread as (
    select
        e.policy_id,
        -- What a week may differ by, a day of it: 1.645 of 1.4826 median deviations, and how well the slope is known.
        1.645 * 1.4826 * (percentile_cont(0.5) within group (order by abs(e.deviation)::double precision))::numeric
        / sqrt(7) * sqrt(1 + 7.0 / count(*)) as half
    from step as e
    where e.deviation is not null
    group by e.policy_id
),

newest as (
    select
        d.policy_id,
        count(*) as days,
        max(d.at) as sampled_at,
        (array_agg(d.bytes order by d.at desc))[1] as bytes
    from daily as d
    group by d.policy_id
),

one as (
    select
        p.schema_name,
        p.table_name,
        p.max_size as limit_bytes,
        n.bytes,
        n.sampled_at,
        n.days,
        case when n.days >= 14 then s.per_day end as growth,
        case when n.days >= 14 then w.half end as half
    from @extschema@._policy as p
    left join newest as n on p.policy_id = n.policy_id
    left join slope as s on p.policy_id = s.policy_id
    left join spread as w on p.policy_id = w.policy_id
),

capacity as (
    select pg_size_bytes(nullif(coalesce(v.value, t.default_value), 'off')) as bytes
    from @extschema@._setting as t
    left join @extschema@._setting_value as v on t.name = v.name
    where t.name = 'capacity'
),

every as (
    select
        'table' as scope,
        o.*
    from one as o
    union all
    select
        'all' as scope,
        null as schema_name,
        null as table_name,
        max(c.bytes) as limit_bytes,
        sum(o.bytes) as bytes,
        min(o.sampled_at) as sampled_at,
        min(o.days) as days,
        case when bool_and(o.growth is not null) then sum(o.growth) end as growth,
        -- As if they all had their bad week together.
        sum(o.half) as half
    from one as o
    cross join capacity as c
    having count(*) > 0
)

select
    e.scope,
    e.schema_name,
    e.table_name,
    e.bytes::bigint as bytes,
    round(e.growth)::bigint as growth_per_day,
    round(e.growth - e.half)::bigint as growth_low,
    round(e.growth + e.half)::bigint as growth_high,
    e.limit_bytes,
    case
        when e.growth is null or e.limit_bytes is null then null
        when e.bytes >= e.limit_bytes then e.sampled_at
        when e.growth <= 0 then 'infinity'
        else e.sampled_at + make_interval(secs => least((e.limit_bytes - e.bytes) / e.growth * 86400, 1e11)::float)
    end as limit_at,
    case
        when e.growth is null or e.limit_bytes is null then null
        when e.bytes >= e.limit_bytes then e.sampled_at
        when e.growth + e.half <= 0 then 'infinity'
        else
            e.sampled_at
            + make_interval(secs => least((e.limit_bytes - e.bytes) / (e.growth + e.half) * 86400, 1e11)::float)
    end as limit_earliest,
    case
        when e.growth is null or e.limit_bytes is null then null
        when e.bytes >= e.limit_bytes then e.sampled_at
        when e.growth - e.half <= 0 then 'infinity'
        else
            e.sampled_at
            + make_interval(secs => least((e.limit_bytes - e.bytes) / (e.growth - e.half) * 86400, 1e11)::float)
    end as limit_latest,
    coalesce(e.days, 0) as days,
    e.sampled_at
from every as e;
comment on view @extschema@.forecast is
'Growth per day of every managed table and of all together, with a range, and when a limit is reached.';
