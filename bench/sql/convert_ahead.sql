-- Rows of the partitions to come: they have to move back when the conversion is undone.
insert into agg_1m (client_id, target, window_start_ts, count_total)
select
    'client-' || mod(g.n, 500) as client_id,
    'ahead' as target,
    date_trunc('minute', localtimestamp) + interval '45 days' - interval '1 min' * (g.n / 500) as window_start_ts,
    60 as count_total
from generate_series(0, %(rows)s::bigint - 1) as g (n);
