-- requires: _health_finding
-- health: what server this is, in which role, and whether it is a standby or too
-- old.
create or replace function @extschema@._health_server()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when v.major < 15 then 'critical' when v.major > 18 then 'warning' else 'ok' end,
        null,
        format(
            'PostgreSQL %s, as %s%s, up since %s', current_setting('server_version'), current_user,
            case when pg_is_in_recovery() then ', a standby: nothing is removed here' else '' end, pg_postmaster_start_time()
        ),
        v.major, 'major version', '15 to 18'
    )
    from (select current_setting('server_version_num')::integer / 10000) as v (major)
$$;
comment on function @extschema@._health_server() is
'health: what server this is, in which role.';
