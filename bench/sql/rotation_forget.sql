-- The policy of a table, and what pg_partman knows of it, before the table goes.
with forgotten as (
    delete from partman.part_config
    where parent_table = 'public.' || %(relation)s::text
)

select maint.drop_policy(format('%%I.%%I', p.schema_name, p.table_name))
from maint._policy as p
where p.table_name = %(relation)s::text;
