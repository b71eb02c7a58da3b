-- requires: _clock
-- Every hold, also those that ended.
create or replace view @extschema@.holds as
select
    h.hold_id,
    h.schema_name,
    h.table_name,
    h.condition,
    case
        when h.released_at is not null then 'released'
        when h.expires_at <= @extschema@._clock() then 'expired'
        else 'active'
    end as state,
    h.reason,
    h.expires_at,
    h.created_at,
    h.created_by,
    h.released_at,
    h.released_by,
    h.release_reason
from @extschema@._hold as h;
comment on view @extschema@.holds is
'Rows that must stay although they are expired, and since when and until when.';
