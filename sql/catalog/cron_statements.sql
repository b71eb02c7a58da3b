-- schedule apply, when we may not look into pg_cron or write there: what a
-- superuser has to run there. Each statement makes its job, or changes it.
select
    format(
        'select cron.schedule_in_database(%%L, %%L, %%L, %%L, %%L);',
        w.cron_name, w.schedule, w.command,
        case w.kind when 'prune' then %(cron_database)s::text else %(database)s::text end,
        %(role)s::text
    ) as statement
from pg_catalog.jsonb_to_recordset(%(jobs)s::jsonb) as w (
    cron_name text, kind text, schedule text, command text
);
