-- Objects outside our schema that would be lost with it, named as people name
-- them: a view's dependency is that of its rule, a default's that of its table.
with ours as (
    select
        'pg_catalog.pg_class'::pg_catalog.regclass as class_id,
        c.oid as object_id
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = %(schema)s
    union all
    select
        'pg_catalog.pg_proc'::pg_catalog.regclass,
        p.oid
    from pg_catalog.pg_proc as p
    inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = %(schema)s
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        t.oid
    from pg_catalog.pg_type as t
    inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
    where n.nspname = %(schema)s
),

dependents as (
    select
        d.classid,
        d.objid,
        d.objsubid,
        coalesce(w.ev_class, a.adrelid, nullif(k.conrelid, 0), t.tgrelid, o.polrelid) as relation_id
    from pg_catalog.pg_depend as d
    inner join ours on d.refclassid = ours.class_id and d.refobjid = ours.object_id
    left join pg_catalog.pg_rewrite as w
        on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = w.oid
    left join pg_catalog.pg_attrdef as a
        on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = a.oid
    left join pg_catalog.pg_constraint as k
        on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objid = k.oid
    left join pg_catalog.pg_trigger as t
        on d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and d.objid = t.oid
    left join pg_catalog.pg_policy as o
        on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = o.oid
    where d.deptype = 'n'
),

named as (
    select
        i.type || ' ' || i.identity as object_name,
        coalesce(pg_catalog.quote_ident(n.nspname), i.schema) as located_in
    from dependents as d
    left join pg_catalog.pg_class as c on d.relation_id = c.oid
    left join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    cross join lateral pg_catalog.pg_identify_object(
        case when c.oid is null then d.classid else 'pg_catalog.pg_class'::pg_catalog.regclass end,
        coalesce(c.oid, d.objid),
        case when c.oid is null then d.objsubid else 0 end
    ) as i
)

select distinct named.object_name
from named
where named.located_in is distinct from pg_catalog.quote_ident(%(schema)s)
order by named.object_name;
