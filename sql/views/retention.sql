-- requires: _suspensions, _standings, _pause_text, runs
-- One row per policy: what it says, whether it may run, its last pass, what is
-- expired and still there, and why cleanup does not keep up. Locks no managed table.
create or replace view @extschema@.retention as
select
    p.schema_name,
    p.table_name,
    p.time_column,
    p.keep,
    p.condition,
    case
        when s.guard is not null then 'suspended'
        when p.paused_at is not null then 'paused'
        else 'active'
    end as state,
    coalesce(s.detail, case when p.paused_at is not null then @extschema@._pause_text(p) end) as state_detail,
    s.fix as state_fix,
    p.remove,
    p.time_zone,
    p.time_type,
    p.epoch_unit,
    p.grace,
    p.max_size,
    p.batch_rows,
    l.started_at as last_started_at,
    l.stop_reason as last_stop_reason,
    l.rows as last_rows,
    l.debt_rows,
    l.debt_exact,
    p.changed_at,
    p.changed_by,
    p.created_at,
    (
        select g.finished_at
        from @extschema@._run as o
        inner join @extschema@.runs as g on o.run_id = g.run_id
        where
            o.policy_id = p.policy_id
            and g.good
            -- A rotation that left expired rows is no proof that those go.
            and (g.kind = 'cleanup' or g.debt_rows = 0)
        order by o.run_id desc
        limit 1
    ) as last_good_at,
    concat_ws(
        '. ',
        l.error_message || format(' (SQLSTATE %s)', l.error_sqlstate),
        l.detail,
        case when l.keep_override then format('made with a keep of %s', l.keep) end
    ) as last_detail,
    p.strategy,
    p.hours,
    p.synchronous_commit,
    d.expired_rows,
    d.expired_bytes,
    d.expired_method,
    d.expired_accuracy,
    d.expired_at,
    d.over_policy,
    d.inflow_per_hour,
    d.drain_per_hour,
    d.margin,
    d.catch_up,
    d.catch_up_text,
    d.verdict,
    d.evidence,
    d.sampled_at,
    p.partition_interval,
    p.premake,
    p.partition_remove,
    p.managed_by
from @extschema@._policy as p
left join @extschema@._standings() as d on p.policy_id = d.policy_id
left join lateral (
    select
        g.guard,
        g.detail,
        g.fix
    from @extschema@._suspensions() as g
    where g.policy_id = p.policy_id
    order by g.guard desc
    limit 1
) as s on true
left join @extschema@.runs as l on
    l.run_id = (
        select max(o.run_id) from @extschema@._run as o
        where o.policy_id = p.policy_id
    );
comment on view @extschema@.retention is
'One row per policy: what it says, whether it may run, its last pass, its debt, and why cleanup does not keep up.';
