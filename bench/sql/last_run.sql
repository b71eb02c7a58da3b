-- What the ledger says of the pass.
select
    r.stop_reason,
    r.rows,
    r.batches,
    r.strategy,
    r.strategy_reason,
    r.wal_bytes::bigint as ledger_wal_bytes,
    r.analyzed,
    extract(epoch from r.duration)::float8 as pass_seconds,
    extract(epoch from r.longest_batch)::float8 as longest_batch,
    coalesce(r.error_message, r.detail) as detail
from maint.runs as r
order by r.run_id desc
limit 1;
