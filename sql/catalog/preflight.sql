-- doctor: what stands in the way of every policy, or of one table's, for the
-- role that asks.
select
    p.schema_name || '.' || p.table_name as name,
    f.check_id,
    f.level,
    f.detail,
    f.fix
from @extschema@._policy as p
cross join lateral (
    select
        s.guard as check_id,
        'error' as level,
        s.detail,
        s.fix
    from @extschema@._suspension(p.policy_id) as s
    union all
    select
        c.check_id,
        c.level,
        c.detail,
        c.fix
    from @extschema@._preflight(p.relation_id, p.time_column, p.epoch_unit, current_user) as c
) as f
where
    %(p_table)s::text is null
    or p.relation_id = %(p_table)s::text::regclass::oid
order by
    p.schema_name asc,
    p.table_name asc,
    f.level asc,
    f.detail asc;
