-- requires: _gate_readings
-- The gates as they stand for a pass that would begin now. A gate that is off, or
-- has nothing to measure (no replica, no slot), is not listed.
create or replace view @extschema@.gates as
select
    g.gate,
    case
        when g.reading >= 1 then 'shut'
        when g.reading is null then 'unknown'
        else 'open'
    end as state,
    case when g.reading > 1 then 1 else g.reading end as reading,
    g.value,
    g.limit_value,
    g.cause
from @extschema@._gate_readings() as g;
comment on view @extschema@.gates is
'The gates as they stand for a pass that would begin now: reading, limit, cause.';
