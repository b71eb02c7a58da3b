-- The passes that one CALL made, each with the debt that the pass
-- before it left, to tell whether a debt grows.
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
    (
        select b.debt_rows
        from @extschema@.runs as b
        where
            b.schema_name = r.schema_name
            and b.table_name = r.table_name
            and b.run_id < r.run_id
            and b.debt_rows is not null
        order by b.run_id desc
        limit 1
    ) as debt_before
from @extschema@.runs as r
where
    r.application_name = %(application)s
    and r.started_at >= %(since)s::timestamptz
order by r.run_id;
