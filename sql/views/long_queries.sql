-- requires: _long_queries, _health_settings
-- Runs with the rights of whoever reads it: a role with pg_monitor sees all.
create or replace view @extschema@.long_queries as
select
    t.pid,
    t.database_name,
    t.role_name,
    t.application_name,
    t.state,
    t.running_for,
    t.transaction_for,
    t.waits_for,
    t.query
from @extschema@._long_queries() as t
where t.running_for > (@extschema@._health_settings() ->> 'health_long')::interval;
comment on view @extschema@.long_queries is
'Queries and idle transactions of longer than the setting health_long, longest first.';
