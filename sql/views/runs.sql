-- requires: _run_alive
-- Every pass, newest last. A pass whose session died shows as interrupted even
-- before the next pass has found it. Here alone is said what a good pass is; the
-- pass before it is the last one with the same keep, because another keep counts
-- other rows as expired.
create or replace view @extschema@.runs as
with measured as (
    select
        r.run_id,
        r.debt_rows = 0
        or r.debt_rows < coalesce(
            (
                select b.debt_rows
                from @extschema@._run as b
                where
                    b.policy_id = r.policy_id
                    and b.run_id < r.run_id
                    and b.keep = r.keep
                    and b.debt_rows is not null
                order by b.run_id desc
                limit 1
            ),
            r.rows_before
        ) as debt_fell
    from @extschema@._run as r
)

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
    r.version,
    m.debt_fell,
    case
        when r.stop_reason is null
            then
                case
                    when not @extschema@._run_alive(r.pid, r.backend_start, r.started_at, r.heartbeat_at) then false
                end
        when r.stop_reason in ('suspended', 'failed') then false
        -- Partitions are made and removed; whether all expired rows are gone is cleanup's business.
        when r.kind = 'rotation' and r.stop_reason = 'done' then true
        -- It left what the policy does not keep.
        when r.keep_override and r.keep > p.keep then false
        when r.stop_reason = 'done' then r.rows > 0 or coalesce(r.debt_rows = 0, false)
        when r.stop_reason = 'deadline' and r.debt_rows = 0 then true
        -- Not when others removed the rows: a paused pass does nothing, however little is left.
        else r.rows > 0 and coalesce(m.debt_fell, false)
    end as good,
    r.strategy,
    r.strategy_reason,
    r.duty,
    r.target,
    r.blocked,
    r.gated,
    r.kind,
    r.partitions_made,
    r.partitions_removed
from @extschema@._run as r
left join measured as m on r.run_id = m.run_id
left join @extschema@._policy as p on r.policy_id = p.policy_id;
comment on view @extschema@.runs is
'The run ledger: every pass with its result; stop_reason is null while it runs.';
