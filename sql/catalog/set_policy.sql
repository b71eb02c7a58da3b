-- policy set: makes or changes one policy and shows it as it is stored.
select
    p.schema_name,
    p.table_name,
    p.time_column,
    p.keep::text as keep,
    p.condition,
    p.time_zone,
    p.epoch_unit,
    p.grace::text as grace,
    p.max_size,
    p.remove,
    p.batch_rows,
    p.strategy,
    p.hours,
    p.synchronous_commit
from @extschema@.set_policy(
    p_table => %(p_table)s::text::regclass,
    p_keep => %(p_keep)s::interval,
    p_column => %(p_column)s::name,
    p_condition => %(p_condition)s::text,
    p_remove => %(p_remove)s::text,
    p_time_zone => %(p_time_zone)s::text,
    p_grace => %(p_grace)s::interval,
    p_max_size => %(p_max_size)s::text,
    p_epoch_unit => %(p_epoch_unit)s::text,
    p_batch_rows => %(p_batch_rows)s::integer,
    p_strategy => %(p_strategy)s::text,
    p_hours => %(p_hours)s::text,
    p_synchronous_commit => %(p_synchronous_commit)s::boolean
) as p;
