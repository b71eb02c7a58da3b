-- One-minute aggregates of 40 clients and 5 targets over 180 days: 200 rows
-- for each window, as many windows as the number of rows asks for. The hour
-- after the cutoff stays empty, as in events_seen.
insert into public.agg_1m (
    client_id,
    target,
    window_start_ts,
    count_total,
    count_success,
    count_error,
    dns_error_count,
    http_error_count,
    dns_p50,
    dns_p95,
    tcp_p50,
    tcp_p95,
    tls_p50,
    tls_p95,
    ttfb_p50,
    ttfb_p95,
    throughput_p50,
    throughput_p95,
    diagnosis_label,
    updated_at
)
with aggregate as (
    select
        g.n,
        date_trunc(
            'minute', now() - interval '180 days' * (1 - (g.n / 200)::double precision / (%(rows)s::bigint / 200 + 1))
        ) as window_start,
        mod(g.n * 7919, 10) as errors,
        5 + mod(g.n * 104729, 400) / 10.0 as ms
    from generate_series(0, %(rows)s::bigint - 1) as g (n)
)

select
    'client-' || mod(a.n, 40) as client_id,
    'target-' || mod(a.n / 40, 5) || '.example' as target,
    a.window_start at time zone 'UTC' as window_start_ts,
    60 as count_total,
    60 - a.errors as count_success,
    a.errors as count_error,
    a.errors / 2 as dns_error_count,
    a.errors - a.errors / 2 as http_error_count,
    a.ms as dns_p50,
    a.ms * 3 as dns_p95,
    a.ms * 1.4 as tcp_p50,
    a.ms * 4 as tcp_p95,
    a.ms * 2 as tls_p50,
    a.ms * 5 as tls_p95,
    a.ms * 6 as ttfb_p50,
    a.ms * 15 as ttfb_p95,
    900 / a.ms as throughput_p50,
    1500 / a.ms as throughput_p95,
    case when a.errors > 5 then (array['dns', 'server', 'network'])[1 + mod(a.n, 3)] end as diagnosis_label,
    a.window_start at time zone 'UTC' + interval '2 min' as updated_at
from aggregate as a
where a.window_start not between now() - interval '90 days' and now() - interval '90 days' + interval '1 hour'
order by a.window_start
-- Two windows that round to one minute, when there are more rows than minutes.
on conflict do nothing;
