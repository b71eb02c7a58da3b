-- verify --deep: who owns our schema, and which roles it was opened to. The owner
-- is whoever owns most of what is in it, for a single object may have been given
-- away; a role that was dropped since has no rights to compare.
with ours as (
    select
        i.reader_role,
        i.operator_role,
        c.relnamespace as schema_id
    from @extschema@._installation as i
    inner join pg_catalog.pg_class as c on i.tableoid = c.oid
),

owned as (
    select c.relowner as role_id
    from pg_catalog.pg_class as c
    inner join ours on c.relnamespace = ours.schema_id
    union all
    select p.proowner
    from pg_catalog.pg_proc as p
    inner join ours on p.pronamespace = ours.schema_id
)

select
    reader.rolname::text as reader_role,
    operator.rolname::text as operator_role,
    (
        select pg_catalog.pg_get_userbyid(mode() within group (order by owned.role_id))::text from owned
    ) as owner
from ours
left join pg_catalog.pg_roles as reader on ours.reader_role = reader.rolname
left join pg_catalog.pg_roles as operator on ours.operator_role = operator.rolname;
