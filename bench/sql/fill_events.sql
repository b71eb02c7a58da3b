-- As many rows as asked for. The first are expired, 60 to 40 days old, the others
-- are less than 20 days old: nothing is near the cutoff, so that what is expired
-- stays the same for as long as the benchmark runs. Row by row goes up in time;
-- scattered, the order on disk has nothing to do with the time.
insert into events_seen (event_id, client_id, ts_ms, created_at)
with event as (
    select
        g.n,
        md5(g.n::text)::uuid as event_id,
        case
            when g.n <= %(expired)s::bigint
                then localtimestamp - interval '40 days' - interval '20 days' * (1 - g.n::float8 / %(expired)s::bigint)
            else
                localtimestamp - interval '20 days'
                * ((%(rows)s::bigint - g.n)::float8 / (%(rows)s::bigint - %(expired)s::bigint))
        end as at
    from generate_series(1, %(rows)s::bigint) as g (n)
)

select
    e.event_id,
    'client-' || mod(e.n * 7919, 1000) as client_id,
    (extract(epoch from e.at) * 1000)::bigint - mod(e.n * 31, 1500) as ts_ms,
    e.at as created_at
from event as e
order by case when %(scattered)s::boolean then e.event_id end, e.n;
