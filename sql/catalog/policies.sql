-- policy list and policy show: everything the view retention says.
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
    quote_ident(r.schema_name) || '.' || quote_ident(r.table_name) as name
from @extschema@.retention as r
order by
    r.last_started_at asc nulls first,
    r.schema_name asc,
    r.table_name asc;
