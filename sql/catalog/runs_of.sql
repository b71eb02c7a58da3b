-- The passes that one CALL made. What the view did not have in 0.1.0 is read by
-- its name: there it is unknown.
select
    r.run_id,
    r.schema_name,
    r.table_name,
    r.started_at,
    r.finished_at,
    r.duration,
    r.stop_reason,
    r.rows,
    r.batches,
    r.rows_before,
    r.debt_rows,
    r.debt_exact,
    r.keep::text as keep,
    r.keep_override,
    r.cutoff,
    r.wal_bytes,
    r.longest_batch,
    r.error_sqlstate,
    r.error_message,
    r.detail,
    n.debt_fell,
    n.good,
    coalesce(n.kind, 'cleanup') as kind,
    n.partitions_made,
    n.partitions_removed
from @extschema@.runs as r
cross join
    jsonb_to_record(to_jsonb(r))
        as n (debt_fell boolean, good boolean, kind text, partitions_made integer, partitions_removed integer)
where
    r.application_name = %(application)s
    and r.started_at >= %(since)s::timestamptz
order by r.run_id;
