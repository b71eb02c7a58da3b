-- requires: _suspension, _pause_text, runs
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
    p.changed_by
from @extschema@._policy as p
left join lateral (
    select g.guard, g.detail, g.fix from @extschema@._suspension(p.policy_id) as g limit 1
) as s on true
left join lateral (
    select r.started_at, r.stop_reason, r.rows, r.debt_rows, r.debt_exact
    from @extschema@.runs as r
    where r.run_id = (
        select o.run_id from @extschema@._run as o
        where o.policy_id = p.policy_id
        order by o.started_at desc, o.run_id desc
        limit 1
    )
) as l on true;
comment on view @extschema@.retention is
'One row per policy: what it says, whether it may run, and its last pass.';
