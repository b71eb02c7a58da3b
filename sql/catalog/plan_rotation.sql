-- partition rotate --dry-run: what a rotation would do now.
select
    p.schema_name,
    p.table_name,
    p.action,
    p.partition_name,
    p.lower_bound,
    p.upper_bound,
    p.row_estimate,
    p.detail
from @extschema@.plan_rotation(p_table => %(p_table)s::text::regclass, p_concurrently => %(is_concurrent)s) as p;
