-- requires: _connections
-- Runs with the rights of whoever reads it: a role with pg_monitor sees all.
create or replace view @extschema@.connections as
select
    t.database_name,
    t.role_name,
    t.state,
    t.connections,
    t.longest,
    t.max_open
from @extschema@._connections() as t;
comment on view @extschema@.connections is
'Connections to the server by database, role and state, and how many there can be.';
