-- requires: _run_alive
-- The passes that are at work now.
create or replace view @extschema@.progress as
select
    r.run_id,
    r.schema_name,
    r.table_name,
    r.started_at,
    clock_timestamp() - r.started_at as elapsed,
    r.rows,
    greatest(r.rows_before, r.rows) as rows_expected,
    round(100.0 * r.rows / nullif(greatest(r.rows_before, r.rows), 0), 1) as percent,
    r.batches,
    round(r.rows / nullif(extract(epoch from r.heartbeat_at - r.started_at), 0)) as rows_per_second,
    clock_timestamp() - r.heartbeat_at as heartbeat_age,
    r.deadline,
    r.pid,
    coalesce(r.waiting_for, (
        select concat_ws(': ', a.wait_event_type, a.wait_event)
        from pg_stat_activity as a
        where a.pid = r.pid
    )) as waiting_for,
    r.role_name
from @extschema@._run as r
where
    r.stop_reason is null
    and @extschema@._run_alive(r.pid, r.backend_start, r.started_at, r.heartbeat_at);
comment on view @extschema@.progress is
'The passes that are at work now: rows, share, speed, and what they wait for.';
