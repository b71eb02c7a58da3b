-- The truth, from the tables alone and without any code of ours: how many rows
-- are expired by the documented retention, how many are not, and a checksum of
-- the latter.
with event as (
    select
        coalesce(e.created_at < now() at time zone 'UTC' - interval '7 days', false) as expired,
        hashtextextended(e::text, 0) as checksum
    from public.events_seen as e
),

aggregate as (
    select
        a.window_start_ts < now() at time zone 'UTC' - interval '90 days' as expired,
        hashtextextended(a::text, 0) as checksum
    from public.agg_1m as a
),

alert as (
    select
        coalesce(a.created_at < now() at time zone 'UTC' - interval '30 days', false)
        and a.resolved_at is not null as expired,
        hashtextextended(a::text, 0) as checksum
    from public.alerts as a
)

select
    'public.events_seen' as table_name,
    count(*) filter (where r.expired) as expired,
    count(*) filter (where not r.expired) as kept,
    coalesce(sum(r.checksum) filter (where not r.expired), 0)::text as checksum
from event as r
union all
select
    'public.agg_1m' as table_name,
    count(*) filter (where r.expired) as expired,
    count(*) filter (where not r.expired) as kept,
    coalesce(sum(r.checksum) filter (where not r.expired), 0)::text as checksum
from aggregate as r
union all
select
    'public.alerts' as table_name,
    count(*) filter (where r.expired) as expired,
    count(*) filter (where not r.expired) as kept,
    coalesce(sum(r.checksum) filter (where not r.expired), 0)::text as checksum
from alert as r;
