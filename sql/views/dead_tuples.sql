-- requires: _dead_tuples
-- As the cumulative statistics know them; they are lost in a crash.
create or replace view @extschema@.dead_tuples as
select
    t.schema_name,
    t.table_name,
    t.dead_rows,
    t.live_rows,
    t.percent,
    t.autovacuum_at,
    t.autovacuum,
    t.last_vacuum
from @extschema@._dead_tuples() as t;
comment on view @extschema@.dead_tuples is
'Dead rows of user tables, most first, and when autovacuum would come.';
