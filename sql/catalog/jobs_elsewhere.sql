-- uninstall: when pg_cron keeps its jobs in another database of this server, the
-- statement that removes ours there. Only members of pg_read_all_settings see
-- which database that is; for others it is null.
select
    s.setting as database,
    format(
        'select cron.unschedule(jobid) from cron.job where strpos(command, %%L) > 0'
        ' or (database = %%L and (starts_with(jobname, %%L) or command ~* %%L));',
        '/* pytelemetry_db:'
        || replace(replace(replace(current_database(), '%%', '%%25'), ':', '%%3A'), '*', '%%2A')
        || ':' || %(schema)s || ':',
        current_database(),
        'pytelemetry_db:' || current_database() || ':' || %(schema)s || ':',
        '^\s*call\s+"?' || %(schema)s || '"?\s*\.'
    ) as fix
from pg_catalog.pg_available_extensions as a
left join pg_catalog.pg_settings as s on s.name = 'cron.database_name'
where
    a.name = 'pg_cron'
    and a.installed_version is null
    and s.setting is distinct from current_database();
