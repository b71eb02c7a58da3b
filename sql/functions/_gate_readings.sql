-- requires: _gates
-- Behind the view gates. Runs with its owner's rights, so that readers of the
-- view see what a pass would; takes no argument and only reads.
create or replace function @extschema@._gate_readings()
returns table (gate text, reading numeric, value text, limit_value text, cause text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    select g.gate, g.reading, g.value, g.limit_value, g.cause from @extschema@._gates(0) as g
$$;
comment on function @extschema@._gate_readings() is
'Every gate as it stands, for readers of the view gates.';
