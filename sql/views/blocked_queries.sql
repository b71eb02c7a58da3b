-- requires: _blocked_queries
-- Runs with the rights of whoever reads it: a role with pg_monitor sees all.
create or replace view @extschema@.blocked_queries as
select
    t.pid,
    t.blocked_by,
    t.root_pid,
    t.waiting_for,
    t.lock_mode,
    t.object,
    t.database_name,
    t.role_name,
    t.application_name,
    t.query,
    t.root_state,
    t.root_query
from @extschema@._blocked_queries() as t;
comment on view @extschema@.blocked_queries is
'Sessions that wait for a lock: for whom, how long, and who is at the root.';
