-- hold list: every hold, those that bind first.
select
    h.hold_id,
    h.schema_name || '.' || h.table_name as name,
    h.state,
    h.condition,
    h.reason,
    h.expires_at,
    h.created_at,
    h.created_by,
    h.released_at,
    h.released_by,
    h.release_reason
from @extschema@.holds as h
order by
    h.state asc,
    h.hold_id asc;
