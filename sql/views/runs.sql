-- requires: _run_alive
-- Every pass, newest last. A pass whose session died shows as interrupted even
-- before the next pass has found it.
create or replace view @extschema@.runs as
select
    r.run_id,
    r.schema_name,
    r.table_name,
    r.started_at,
    r.finished_at,
    coalesce(r.finished_at, r.heartbeat_at) - r.started_at as duration,
    case
        when r.stop_reason is not null then r.stop_reason
        when not @extschema@._run_alive(r.pid, r.backend_start, r.started_at, r.heartbeat_at) then 'interrupted'
    end as stop_reason,
    r.rows,
    r.batches,
    r.rows_before,
    r.debt_rows,
    r.debt_exact,
    r.keep,
    r.keep_override,
    r.cutoff,
    r.predicate,
    r.largest_batch,
    r.longest_batch,
    r.wal_bytes,
    r.analyzed,
    r.error_sqlstate,
    r.error_message,
    r.error_context,
    case
        when r.detail <> '' then r.detail
        when
            r.stop_reason is null
            and not @extschema@._run_alive(r.pid, r.backend_start, r.started_at, r.heartbeat_at)
            then 'its session ended without finishing it'
    end as detail,
    r.role_name,
    r.application_name,
    r.pid,
    r.version
from @extschema@._run as r;
comment on view @extschema@.runs is
'The run ledger: every pass with its result; stop_reason is null while it runs.';
