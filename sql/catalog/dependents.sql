-- uninstall: what else would be dropped with our objects, directly or because it
-- depends on something that would. A view's rule stands for the view; what only
-- hangs on another object (an index, a trigger, a row type) is not named.
with recursive base as (
    select
        'pg_catalog.pg_class'::pg_catalog.regclass::oid as class_id,
        c.oid as object_id,
        0 as column_number
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = %(schema)s and c.relname = any(%(objects)s::text[])
    union all
    select
        'pg_catalog.pg_proc'::pg_catalog.regclass::oid as class_id,
        p.oid as object_id,
        0 as column_number
    from pg_catalog.pg_proc as p
    inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = %(schema)s and p.proname = any(%(objects)s::text[])
    union all
    -- Triggers of ours on tables of ours, also on those that stay.
    select
        'pg_catalog.pg_trigger'::pg_catalog.regclass::oid as class_id,
        t.oid as object_id,
        0 as column_number
    from pg_catalog.pg_trigger as t
    inner join pg_catalog.pg_class as c on t.tgrelid = c.oid
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_proc as p on t.tgfoid = p.oid and c.relnamespace = p.pronamespace
    where n.nspname = %(schema)s and p.proname = any(%(objects)s::text[]) and not t.tgisinternal
),

-- What is part of something cannot go alone: its whole goes, too.
edge as (
    select
        d.refclassid as from_class,
        d.refobjid as from_object,
        d.refobjsubid as from_column,
        d.classid as class_id,
        d.objid as object_id,
        d.objsubid as column_number,
        d.deptype in ('a', 'i') as hangs_on,
        false as is_whole
    from pg_catalog.pg_depend as d
    where d.deptype in ('n', 'a', 'i', 'P', 'S')
    union all
    select
        d.classid,
        d.objid,
        d.objsubid,
        d.refclassid,
        d.refobjid,
        d.refobjsubid,
        false as hangs_on,
        true as is_whole
    from pg_catalog.pg_depend as d
    where d.deptype = 'i'
),

ours as (
    select b.* from base as b
    union
    select
        e.class_id,
        e.object_id,
        e.column_number
    from ours
    inner join edge as e
        on
            ours.class_id = e.from_class and ours.object_id = e.from_object
            and (ours.column_number = 0 or ours.column_number = e.from_column)
    where e.hangs_on
),

going as (
    select
        b.*,
        false as is_named
    from base as b
    union
    select
        e.class_id,
        e.object_id,
        e.column_number,
        not e.hangs_on as is_named
    from going
    inner join edge as e
        on
            going.class_id = e.from_class and going.object_id = e.from_object
            and (going.column_number = 0 or going.column_number = e.from_column)
    where going.is_named or not e.is_whole
)

select distinct i.type || ' ' || i.identity as object_name
from going as g
left join pg_catalog.pg_rewrite as w
    on g.class_id = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and g.object_id = w.oid
cross join lateral pg_catalog.pg_identify_object(g.class_id, g.object_id, g.column_number) as i
where
    g.is_named
    and w.rulename is distinct from '_RETURN'
    and not exists (
        select from ours as o
        where o.class_id = g.class_id and o.object_id = g.object_id
    )
order by object_name;
