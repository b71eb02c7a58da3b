-- requires: _health_finding
-- The finding that sessions of other roles cannot be seen, when that is so: what is
-- not seen is unknown, and not well.
create or replace function @extschema@._health_hidden()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'unknown', null, format('%s sessions of other roles cannot be seen', h.sessions), h.sessions, 'sessions',
        p_remediation => format('grant pg_read_all_stats to %I;', current_user), p_privileges_missing => 'pg_read_all_stats'
    )
    from (
        select count(*)
        from pg_stat_activity as a
        where a.datname = current_database() and a.usename is not null and a.backend_type is null
    ) as h (sessions)
    where h.sessions > 0
$$;
comment on function @extschema@._health_hidden() is
'The finding that sessions of other roles cannot be seen.';
