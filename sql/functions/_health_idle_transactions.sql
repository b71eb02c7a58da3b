-- requires: _health_finding, _health_settings, _health_hidden, _long_queries
-- health: transactions that wait for their client for longer than the setting
-- health_long; three times that is critical.
create or replace function @extschema@._health_idle_transactions()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when q.running_for > 3 * s.long then 'critical' else 'warning' end, format('pid %s', q.pid),
        format(
            '%s (%s) in %s is %s since %s, after: %s', q.role_name, coalesce(nullif(q.application_name, ''), 'no application_name'),
            q.database_name, q.state, date_trunc('second', q.running_for), q.query
        ),
        round(extract(epoch from q.running_for)), 's', s.long::text, 'exact', null,
        format('select pg_terminate_backend(%s);', q.pid)
    )
    from @extschema@._long_queries() as q
    cross join (select (@extschema@._health_settings() ->> 'health_long')::interval) as s (long)
    where q.state <> 'active' and q.running_for > s.long
    union all
    select h.finding from @extschema@._health_hidden() as h (finding)
$$;
comment on function @extschema@._health_idle_transactions() is
'health: transactions that wait for their client.';
