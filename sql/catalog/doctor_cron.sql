-- doctor: may the connected role schedule passes with pg_cron, and in which database?
select
    'pg_cron' as check_id,
    'note' as level,
    case
        when e.extname is null and p.setting not like '%%pg_cron%%'
            then 'pg_cron can be had on this server but is not loaded: passes need a scheduler outside'
        else
            'pg_cron is not in this database: jobs are kept in '
            || coalesce('database ' || quote_ident(c.setting), 'the one that cron.database_name names')
    end as detail,
    case
        when e.extname is null and p.setting not like '%%pg_cron%%'
            then
                'alter system set shared_preload_libraries = '
                || quote_literal(pg_catalog.concat_ws(',', nullif(p.setting, ''), 'pg_cron')) || '; -- then restart'
        else
            'select cron.schedule_in_database(''cleanup'', ''*/10 * * * *'', ''call '
            || quote_ident(%(schema)s)
            || '.cleanup()'', '
            || quote_literal(pg_catalog.current_database())
            || '); -- there'
    end as fix
from pg_catalog.pg_available_extensions as a
left join pg_catalog.pg_extension as e on a.name = e.extname
left join pg_catalog.pg_settings as p on p.name = 'shared_preload_libraries'
left join pg_catalog.pg_settings as c on c.name = 'cron.database_name'
where a.name = 'pg_cron' and e.extname is null
union all
select
    'pg_cron' as check_id,
    'warning' as level,
    'role ' || quote_ident(current_user) || ' may not use pg_cron' as detail,
    'grant usage on schema cron to ' || quote_ident(current_user) || ';' as fix
from pg_catalog.pg_extension as e
where e.extname = 'pg_cron' and not pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('cron')::oid, 'USAGE');
