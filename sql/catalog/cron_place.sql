-- schedule: what of pg_cron is in the database that we are connected to, and what
-- the connected role may do with it. Settings are null for a role that may not
-- see them.
select
    e.extversion as version,
    pg_catalog.current_database() as database,
    current_user as role_name,
    r.rolsuper as is_superuser,
    i.system_identifier,
    pg_catalog.pg_postmaster_start_time() as started_at,
    d.setting as cron_database,
    z.setting as time_zone,
    pg_catalog.pg_is_in_recovery() as in_recovery,
    coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) as may_look,
    -- By its catalog row: a name can only be resolved with USAGE on the schema.
    coalesce(pg_catalog.has_function_privilege(p.oid, 'EXECUTE'), false) as may_schedule_elsewhere
from pg_catalog.pg_roles as r
cross join pg_catalog.pg_control_system() as i
left join pg_catalog.pg_extension as e on e.extname = 'pg_cron'
left join pg_catalog.pg_namespace as n on n.nspname = 'cron'
left join pg_catalog.pg_proc as p on n.oid = p.pronamespace and p.proname = 'schedule_in_database'
left join pg_catalog.pg_settings as d on d.name = 'cron.database_name'
left join pg_catalog.pg_settings as z on z.name = 'cron.timezone'
where r.rolname = current_user;
