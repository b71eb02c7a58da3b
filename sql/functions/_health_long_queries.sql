-- requires: _health_finding, _health_settings, _health_hidden, _long_queries
-- health: queries that run for longer than the setting health_long.
create or replace function @extschema@._health_long_queries()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('pid %s', q.pid),
        format(
            '%s in %s has run for %s%s: %s', q.role_name, q.database_name, date_trunc('second', q.running_for),
            ', waiting for ' || q.waits_for, q.query
        ),
        round(extract(epoch from q.running_for)), 's', s.long::text, 'exact', null,
        format('select pg_cancel_backend(%s);', q.pid)
    )
    from @extschema@._long_queries() as q
    cross join (select (@extschema@._health_settings() ->> 'health_long')::interval) as s (long)
    where q.state = 'active' and q.running_for > s.long
    union all
    select h.finding from @extschema@._health_hidden() as h (finding)
$$;
comment on function @extschema@._health_long_queries() is
'health: queries that run for long.';
