-- One-minute aggregates of 350 series, of more when there are more rows than so
-- many series have in the time. The first rows are expired, up to 60 days old and
-- 40 at least; the others are less than 20 days old. In time order all series of a
-- minute lie together, scattered all minutes of a series.
insert into agg_1m (
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
with size as (
    select
        greatest(350, %(rows)s::bigint / 57000 + 1) as series,
        date_trunc('minute', localtimestamp) as this_minute
),

aggregate as (
    select
        g.n,
        mod(g.n, s.series) as series,
        mod(g.n * 7919, 10) as errors,
        5 + mod(g.n * 104729, 400) / 10.0 as ms,
        case
            when g.n < %(expired)s::bigint
                then s.this_minute - interval '60 days' + interval '1 min' * (g.n / s.series)
            else s.this_minute - interval '1 min' * ((%(rows)s::bigint - 1) / s.series - g.n / s.series)
        end as at
    from generate_series(0, %(rows)s::bigint - 1) as g (n)
    cross join size as s
)

select
    'client-' || a.series / 5 as client_id,
    'target-' || mod(a.series, 5) || '.example' as target,
    a.at as window_start_ts,
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
    a.at + interval '2 min' as updated_at
from aggregate as a
order by case when %(scattered)s::boolean then a.series end, a.n;
