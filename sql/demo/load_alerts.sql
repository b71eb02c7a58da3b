-- Alerts over 120 days; four of five were resolved within a day, the others
-- are open, old ones among them. The hour after the cutoff stays empty.
insert into public.alerts (
    client_id,
    target,
    alert_type,
    severity,
    message,
    threshold_value,
    actual_value,
    window_start_ts,
    created_at,
    resolved_at
)
with alert as (
    select
        g.n,
        (now() - interval '120 days' * (1 - g.n::double precision / (%(rows)s::bigint + 1))) at time zone 'UTC' as at
    from generate_series(1, %(rows)s::bigint) as g (n)
)

select
    'client-' || mod(a.n, 40) as client_id,
    'target-' || mod(a.n, 5) || '.example' as target,
    (array['high_latency', 'dns_failure', 'low_throughput'])[1 + mod(a.n, 3)] as alert_type,
    (array['warning', 'critical'])[1 + mod(a.n, 2)] as severity,
    'p95 is over its threshold' as message,
    200 as threshold_value,
    200 + mod(a.n * 13, 700) as actual_value,
    date_trunc('minute', a.at) as window_start_ts,
    a.at as created_at,
    case when mod(a.n, 5) <> 0 then a.at + interval '1 min' * (1 + mod(a.n * 37, 1400)) end as resolved_at
from alert as a
where a.at at time zone 'UTC' not between now() - interval '30 days' and now() - interval '30 days' + interval '1 hour'
order by a.at;
