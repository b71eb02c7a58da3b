-- requires: _schema
-- What the commands of our jobs end with, and by which they are found in pg_cron
-- again: its names have 63 bytes in old versions, too few for a database, a
-- schema and a table. Comments nest, so a name may neither open nor end one, and
-- no database's name may end as if it went on with a schema of another's.
create or replace function @extschema@._job_marker(p_job_name text default '')
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        '/* pytelemetry_db:%s:%s:%s',
        replace(replace(replace(current_database(), '%', '%25'), ':', '%3A'), '*', '%2A'), @extschema@._schema(),
        replace(replace(p_job_name, '%', '%25'), '*', '%2A')
    )
$$;
comment on function @extschema@._job_marker(text) is
'What the commands of our jobs in pg_cron end with, less the end of the comment.';
