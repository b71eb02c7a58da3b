-- doctor: what stands in the way of every policy, or of one table's, for the
-- role that asks.
with asked as (
    select p.*
    from @extschema@._policy as p
    where
        %(p_table)s::text is null
        or quote_ident(p.schema_name) || '.' || quote_ident(p.table_name) = %(p_table)s::text
),

found as (
    select
        p.policy_id,
        s.guard as check_id,
        'error' as level,
        s.detail,
        s.fix
    from asked as p
    cross join @extschema@._suspension(p.policy_id) as s
    union all
    select
        p.policy_id,
        c.check_id,
        c.level,
        c.detail,
        c.fix
    from asked as p
    cross join @extschema@._preflight(p.relation_id, p.time_column, p.epoch_unit, current_user) as c
    where
        not exists (
            select from @extschema@._suspension(p.policy_id) as s
            where s.guard = 'binding'
        )
)

select
    p.schema_name || '.' || p.table_name as name,
    f.check_id,
    f.level,
    f.detail,
    f.fix
from asked as p
inner join found as f on p.policy_id = f.policy_id
order by
    p.schema_name asc,
    p.table_name asc,
    f.level asc,
    f.detail asc;
