-- policy list and policy show: everything the view retention says; what it
-- did not say in 0.1.0 is read by its name.
select
    r.schema_name,
    r.table_name,
    r.time_column,
    r.keep::text as keep,
    r.condition,
    r.state,
    r.state_detail,
    r.state_fix,
    r.remove,
    r.time_zone,
    r.time_type,
    r.epoch_unit,
    r.grace::text as grace,
    r.max_size,
    r.batch_rows,
    r.last_started_at,
    r.last_stop_reason,
    r.last_rows,
    r.debt_rows,
    r.debt_exact,
    r.changed_at,
    r.changed_by,
    n.created_at,
    n.last_good_at,
    n.last_detail,
    to_jsonb(r) ->> 'strategy' as strategy,
    to_jsonb(r) ->> 'hours' as hours,
    (to_jsonb(r) ->> 'synchronous_commit')::boolean as synchronous_commit,
    n.partition_interval,
    case when n.partition_interval is not null then n.premake end as premake,
    case when n.partition_interval is not null then n.partition_remove end as partition_remove,
    case when n.partition_interval is not null then n.managed_by end as managed_by,
    quote_ident(r.schema_name) || '.' || quote_ident(r.table_name) as name
from @extschema@.retention as r
cross join
    jsonb_to_record(to_jsonb(r))
        as n (
            created_at timestamptz,
            last_good_at timestamptz,
            last_detail text,
            partition_interval text,
            premake integer,
            partition_remove text,
            managed_by text
        )
order by
    r.last_started_at asc nulls first,
    r.schema_name asc,
    r.table_name asc;
