-- What other objects have of a table, and how they come to have the one that takes
-- its name: foreign keys that reference it, publications, views. "before" is to
-- be done while the table has its name, "after" when the other one has it; each with what has to be
-- locked for it. A foreign key comes back NOT VALID and is validated later.
create or replace function @extschema@._follow_up_others(
    p_from oid,
    out before text[],
    out after text[],
    out locked text[]
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with me as (
        select @extschema@._qualified_name(p_from) as name
    ),

    keys as (
        select k.oid, k.conname, @extschema@._qualified_name(k.conrelid) as name, k.convalidated
        from pg_constraint as k
        where k.confrelid = p_from and k.contype = 'f' and k.conparentid = 0 and k.conrelid <> p_from
    ),

    publications as (
        select p.pubname, r.prqual, r.prattrs
        from pg_publication_rel as r
        inner join pg_publication as p on p.oid = r.prpubid
        where r.prrelid = p_from
    ),

    views as (
        select distinct v.oid, @extschema@._qualified_name(v.oid) as name, v.reloptions
        from pg_depend as d
        inner join pg_rewrite as r on r.oid = d.objid
        inner join pg_class as v on v.oid = r.ev_class
        where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = p_from and v.relkind = 'v'
    ),

    parts as (
        select 1 as step, 'before' as part, format('alter table %s drop constraint %I', k.name, k.conname) as statement
        from keys as k
        union all
        select 2, 'before', format('alter publication %I drop table only %s', p.pubname, m.name)
        from me as m
        cross join publications as p
        union all
        select 3, 'after', format(
            'create or replace view %s%s as %s', v.name, (select format(' with (%s)', array_to_string(v.reloptions, ', ')) where v.reloptions is not null),
            pg_get_viewdef(v.oid)
        )
        from views as v
        union all
        select 1, 'after', format(
            'alter table %s add constraint %I %s%s', k.name, k.conname, pg_get_constraintdef(k.oid), case when k.convalidated then ' not valid' else '' end
        )
        from keys as k
        union all
        select 2, 'after', format('comment on constraint %I on %s is %L', k.conname, k.name, obj_description(k.oid, 'pg_constraint'))
        from keys as k
        where obj_description(k.oid, 'pg_constraint') is not null
        union all
        select 2, 'after', format(
            'alter publication %I add table %s%s%s', p.pubname, m.name,
            (
                select format(' (%s)', string_agg(quote_ident(a.attname), ', ' order by a.attnum))
                from pg_attribute as a
                where a.attrelid = p_from and a.attnum = any (p.prattrs)
                having count(*) > 0
            ),
            (select format(' where (%s)', pg_get_expr(p.prqual, p_from)) where p.prqual is not null)
        )
        from me as m
        cross join publications as p
        union all
        select 1, 'locked', k.name from keys as k
    )

    select
        coalesce(array_agg(p.statement order by p.step) filter (where p.part = 'before'), '{}'),
        coalesce(array_agg(p.statement order by p.step) filter (where p.part = 'after'), '{}'),
        coalesce(array_agg(distinct p.statement) filter (where p.part = 'locked'), '{}')
    from parts as p
$$;
comment on function @extschema@._follow_up_others(oid) is
'How what other objects have of a table goes to the one that takes its name.';
