-- requires: _health_finding, _health_settings, _connections
-- health: connections beside what ordinary roles can have; the rest is reserved
-- for superusers.
create or replace function @extschema@._health_connections()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when c.percent >= c.critical then 'critical' when c.percent > c.threshold then 'warning' else 'ok' end,
        null, format('%s of %s connections are taken', c.taken, c.max_open), c.percent, '%', format('%s %%', c.threshold),
        p_remediation => case when c.percent > c.threshold then 'close idle sessions, or put a pooler in front' end,
        p_lock_level => 'manual'
    )
    from (
        select
            sum(t.connections) as taken, max(t.max_open) as max_open,
            round(100.0 * sum(t.connections) / max(t.max_open), 1) as percent,
            (@extschema@._health_settings() ->> 'health_connections')::integer as threshold,
            (@extschema@._health_settings() ->> 'health_connections_critical')::integer as critical
        from @extschema@._connections() as t
    ) as c
$$;
comment on function @extschema@._health_connections() is
'health: connections beside what can be had.';
