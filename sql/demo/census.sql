-- The truth, from the tables alone and without any code of ours: how many rows
-- are expired by the documented retention, how many are not, and a checksum of
-- the latter.
with row_of as (
    select
        'public.events_seen' as table_name,
        e.created_at < now() at time zone 'UTC' - interval '7 days' as expired,
        hashtextextended(e::text, 0) as checksum
    from public.events_seen as e
    union all
    select
        'public.agg_1m' as table_name,
        a.window_start_ts < now() at time zone 'UTC' - interval '90 days' as expired,
        hashtextextended(a::text, 0) as checksum
    from public.agg_1m as a
    union all
    select
        'public.alerts' as table_name,
        a.created_at < now() at time zone 'UTC' - interval '30 days' and a.resolved_at is not null as expired,
        hashtextextended(a::text, 0) as checksum
    from public.alerts as a
)

select
    r.table_name,
    count(*) filter (where r.expired) as expired,
    count(*) filter (where r.expired is not true) as kept,
    coalesce(sum(r.checksum) filter (where r.expired is not true), 0)::text as checksum
from row_of as r
group by r.table_name
order by r.table_name;
