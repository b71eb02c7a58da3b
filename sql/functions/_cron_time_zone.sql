-- The zone in which pg_cron reads schedules: its setting, where this role may
-- see it, else what was seen when the jobs were put on their schedule, else
-- pg_cron's default.
create or replace function @extschema@._cron_time_zone()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select s.setting from pg_settings as s where s.name = 'cron.timezone'),
        (select max(j.time_zone) from @extschema@._job as j),
        'GMT'
    )
$$;
comment on function @extschema@._cron_time_zone() is
'The zone in which pg_cron reads schedules.';
