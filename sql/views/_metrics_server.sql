-- requires: _blocked_queries
-- Behind the view metrics: who waits for a lock on this server.
create or replace view @extschema@._metrics_server as
select
    m.name,
    '{}'::jsonb as labels,
    m.value
from (
    select
        count(*) as sessions,
        max(b.waiting_for) as longest
    from @extschema@._blocked_queries() as b
) as q
cross join lateral (
    values
    ('telemetry_db_blocked_queries', q.sessions::double precision),
    (
        'telemetry_db_longest_blocked_seconds',
        coalesce(extract(epoch from q.longest), 0)::double precision
    )
) as m (name, value);
comment on view @extschema@._metrics_server is
'Metrics of the whole server.';
