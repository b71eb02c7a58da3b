-- One row per policy for the status screen, those that need a look first.
select
    r.schema_name,
    r.table_name,
    r.time_column,
    r.keep::text as keep,
    r.condition,
    r.state,
    r.state_detail,
    r.state_fix,
    r.last_started_at,
    r.last_stop_reason,
    r.last_rows,
    r.debt_rows
from @extschema@.retention as r
order by
    r.state = 'suspended' desc,
    r.debt_rows desc nulls last,
    r.schema_name asc,
    r.table_name asc;
