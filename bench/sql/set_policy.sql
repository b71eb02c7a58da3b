-- What the peers delete, as a policy.
select p.table_name
from maint.set_policy(
    p_table => %(relation)s::text::regclass,
    p_keep => '30 days',
    p_column => %(time_column)s,
    p_time_zone => 'UTC'
) as p;
