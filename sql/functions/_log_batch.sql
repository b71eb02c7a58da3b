-- Adds one batch to the ledger row of its pass, in the batch's transaction. An
-- empty step only renews the heartbeat, every five seconds at most.
create or replace function @extschema@._log_batch(
    p_run_id bigint,
    p_deleted bigint,
    p_wal_bytes numeric,
    p_blocked integer,
    p_begun timestamptz
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._run as r
    set
        rows = r.rows + p_deleted,
        batches = r.batches + (p_deleted > 0)::integer,
        largest_batch = greatest(r.largest_batch, p_deleted),
        longest_batch = greatest(r.longest_batch, clock_timestamp() - p_begun),
        wal_bytes = r.wal_bytes + p_wal_bytes,
        blocked = r.blocked + p_blocked,
        gated = r.gated + case when r.waiting_for is null then interval '0 s' else clock_timestamp() - r.heartbeat_at end,
        waiting_for = null,
        heartbeat_at = clock_timestamp()
    where
        r.run_id = p_run_id
        and (p_deleted > 0 or r.heartbeat_at < clock_timestamp() - interval '5 s')
$$;
comment on function @extschema@._log_batch(bigint, bigint, numeric, integer, timestamptz) is
'Adds one batch to the ledger row of its pass.';
