-- uninstall: where pg_cron keeps its jobs, when that is another database of this
-- server, and the statement that removes ours there.
select
    s.setting as database,
    format(
        'select cron.unschedule(jobid) from cron.job where database = %%L and (jobname like %%L or command ilike %%L);',
        current_database(),
        'pytelemetry\_db:' || current_database() || ':' || %(schema)s || ':%%',
        'call ' || %(schema)s || '.%%'
    ) as fix
from pg_catalog.pg_settings as s
where
    s.name = 'cron.database_name'
    and s.setting <> current_database();
