-- One row about the server and our schema; reads no table of ours, so that it
-- works when there is none.
select
    coalesce(i.relkind = 'r', false) as installed,
    pg_catalog.pg_get_userbyid(n.nspowner)::text as owner,
    pg_catalog.current_setting('server_version_num')::integer as server_version,
    pg_catalog.current_setting('server_version') as server_version_text,
    pg_catalog.current_database()::text as database,
    current_user::text as user,
    pg_catalog.pg_is_in_recovery() as in_recovery,
    (
        select r.rolsuper from pg_catalog.pg_roles as r
        where r.rolname = current_user
    ) as is_superuser,
    n.oid is not null as schema_exists,
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_depend as d
        where
            d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
            and d.refobjid = n.oid
            and d.deptype = 'n'
    ) as schema_objects,
    (
        select coalesce(pg_catalog.jsonb_object_agg(e.extname, e.extversion), '{}')
        from pg_catalog.pg_extension as e
    ) as extensions,
    (
        select coalesce(pg_catalog.array_agg(p.pubname::text order by p.pubname), '{}')
        from pg_catalog.pg_publication as p
        where p.puballtables
    ) as publications_for_all_tables,
    (
        select e.extname::text
        from pg_catalog.pg_depend as d
        inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
        where
            d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.objid = i.oid
            and d.deptype = 'e'
    ) as extension
from (select %(schema)s::name as nspname) as wanted
left join pg_catalog.pg_namespace as n on wanted.nspname = n.nspname
left join pg_catalog.pg_class as i on n.oid = i.relnamespace and i.relname = '_installation';
