-- report: the passes that began in a period; without tables those of all. What 0.1.0
-- did not say is read by its name.
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
    r.version,
    coalesce(n.kind, 'cleanup') as kind,
    n.partitions_made,
    n.partitions_removed
from @extschema@.runs as r
cross join
    jsonb_to_record(to_jsonb(r))
        as n (kind text, partitions_made integer, partitions_removed integer)
where
    r.started_at >= %(begins_at)s::timestamptz
    and r.started_at <= %(ends_at)s::timestamptz
    and (
        %(tables)s::text[] is null
        or r.table_name = any(%(tables)s::text[])
        or format('%%I.%%I', r.schema_name, r.table_name) = any(%(tables)s::text[])
    )
order by r.run_id;
