-- report: the passes since a moment, newest last.
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
    r.debt_rows,
    r.debt_exact,
    r.keep::text as keep,
    r.keep_override,
    r.cutoff,
    r.largest_batch,
    r.longest_batch,
    r.wal_bytes,
    r.analyzed,
    r.error_sqlstate,
    r.error_message,
    r.error_context,
    r.detail,
    r.role_name,
    r.pid,
    r.version
from @extschema@.runs as r
where r.started_at >= clock_timestamp() - %(since)s::interval
order by r.run_id;
