-- Events of 300 probes over 14 days, in time order, busier by day; one in ten
-- thousand has no time. The hour after the cutoff stays empty, so that what is
-- expired is the same for as long as the demo runs.
insert into public.events_seen (event_id, client_id, ts_ms, created_at)
with event as (
    select
        g.n,
        now()
        - interval '14 days' * (1 - g.n::double precision / %(rows)s::bigint)
        - interval '90 min' * (1 - cos(g.n * 28 * pi() / %(rows)s::bigint)) as at
    from generate_series(1, %(rows)s::bigint) as g (n)
)

select
    gen_random_uuid() as event_id,
    'probe-' || mod(e.n * 7919, 300) as client_id,
    (extract(epoch from e.at) * 1000)::bigint - mod(e.n * 31, 1500) as ts_ms,
    case when mod(e.n, 10000) <> 0 then e.at at time zone 'UTC' end as created_at
from event as e
where e.at not between now() - interval '7 days' and now() - interval '7 days' + interval '1 hour'
order by e.at;
