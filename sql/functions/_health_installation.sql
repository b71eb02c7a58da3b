-- requires: _health_finding
-- health: our own version, and the server it was installed on. The command adds
-- whether an upgrade is pending and whether our objects are as they were
-- installed, which takes a lock on each.
create or replace function @extschema@._health_installation()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when i.server_major <> v.major then 'warning' else 'ok' end, null,
        format('version %s, installed on PostgreSQL %s', i.version, i.server_major)
        || case when i.server_major <> v.major then format(', this is %s: views cannot be compared until they are written again', v.major) else '' end,
        i.server_major, 'major version', v.major::text, 'exact', null,
        case when i.server_major <> v.major then 'pytelemetry-db upgrade --force' end
    )
    from @extschema@._installation as i
    cross join (select current_setting('server_version_num')::integer / 10000) as v (major)
$$;
comment on function @extschema@._health_installation() is
'health: our own version, and the server it was installed on.';
