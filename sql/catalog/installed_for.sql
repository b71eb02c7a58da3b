-- verify --deep: who owns the schema, and which roles it was opened to.
select
    pg_catalog.pg_get_userbyid(n.nspowner)::text as owner,
    coalesce(i.reader_role, '')::text as reader_role,
    coalesce(i.operator_role, '')::text as operator_role
from @extschema@._installation as i
inner join pg_catalog.pg_class as c on i.tableoid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid;
