-- One row per policy for the status screen, those that need a look first; with a
-- max_age, those that had no good pass for so long. What the view did not have in
-- 0.1.0 is read by its name, for this must work before an upgrade, too.
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
    r.debt_rows,
    r.debt_exact,
    n.created_at,
    n.last_good_at,
    n.last_detail,
    n.verdict,
    n.evidence,
    greatest(n.created_at, n.last_good_at) < clock_timestamp() - %(max_age)s::interval as late
from @extschema@.retention as r
cross join
    jsonb_to_record(to_jsonb(r)) as n (
        created_at timestamptz, last_good_at timestamptz, last_detail text, verdict text, evidence text
    )
order by
    late desc nulls last,
    r.state = 'suspended' desc,
    r.debt_rows desc nulls last,
    r.schema_name asc,
    r.table_name asc;
