-- schedule: what a plan needs to know of the database that the jobs work in.
select
    pg_catalog.current_database() as database,
    @extschema@._job_marker() as marker,
    @extschema@._get_setting('cleanup_max_duration')::interval as max_duration,
    case
        when r.rolsuper then pg_catalog.pg_get_userbyid(n.nspowner)
        else current_user
    end as role_name
from pg_catalog.pg_roles as r
inner join pg_catalog.pg_namespace as n on n.nspname = %(schema)s
where r.rolname = current_user;
