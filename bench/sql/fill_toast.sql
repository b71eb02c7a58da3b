-- As fill_events, with 2 kB of noise in each row.
insert into events_seen (event_id, client_id, ts_ms, payload, created_at)
with event as (
    select
        g.n,
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
    md5(e.n::text)::uuid as event_id,
    'client-' || mod(e.n * 7919, 1000) as client_id,
    (extract(epoch from e.at) * 1000)::bigint as ts_ms,
    (select string_agg(md5(e.n || '-' || p.n), '' order by p.n) from generate_series(1, 64) as p (n)) as payload,
    e.at as created_at
from event as e
where %(scattered)s::boolean is not null
order by e.n;
