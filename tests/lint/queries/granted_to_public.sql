-- Every right that PUBLIC has on the schema, its relations, columns and routines.
with acl as (
    select 'schema ' || n.nspname as object, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
    from pg_namespace as n
    where n.nspname = 'maint'
    union all
    select c.oid::regclass::text,
        coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
    from pg_class as c
    where c.relnamespace = 'maint'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select a.attrelid::regclass::text || '.' || a.attname, a.attacl
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'maint'::regnamespace and a.attacl is not null
    union all
    select p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc as p
    where p.pronamespace = 'maint'::regnamespace
)

select acl.object || ': ' || g.privilege_type as object
from acl
cross join lateral aclexplode(acl.acl) as g
where g.grantee = 0
order by 1;
