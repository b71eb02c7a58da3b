-- requires: _suspensions, _pause_text, runs
-- One row per policy: what it says, whether it may run, and its last pass.
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
    p.synchronous_commit
from @extschema@._policy as p
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
'One row per policy: what it says, whether it may run, and its last pass.';
