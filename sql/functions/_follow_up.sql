-- What hangs on a table and has to hang on the one that takes its name: statements
-- that make it there, in order, as text that names the table by its present name.
-- Called with all of it locked, before anything is renamed. Back to the plain
-- table (p_forward false) only what it does not still have itself.
create or replace function @extschema@._follow_up(p_from oid, p_forward boolean)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with me as (
        select @extschema@._qualified_name(p_from) as name
    ),

    triggers as (
        select g.oid, g.tgname, g.tgenabled
        from pg_trigger as g
        where g.tgrelid = p_from and not g.tgisinternal and g.tgparentid = 0 and (p_forward or (g.tgtype & 1) = 1)
    ),

    rules as (
        select r.oid, r.rulename, r.ev_enabled from pg_rewrite as r where r.ev_class = p_from and p_forward
    ),

    policies as (
        select
            p.*,
            (
                select string_agg(case when r.id = 0 then 'public' else format('%s', r.id::regrole) end, ', ')
                from unnest(p.polroles) as r (id)
            ) as roles
        from pg_policy as p
        where p.polrelid = p_from and p_forward
    ),

    parts as (
        select 1 as step, format(
            'alter sequence %s owned by %s.%I', @extschema@._qualified_name(d.objid), m.name, a.attname
        ) as statement
        from me as m
        inner join pg_depend as d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = p_from and d.deptype = 'a'
        inner join pg_class as s on s.oid = d.objid and s.relkind = 'S'
        inner join pg_attribute as a on a.attrelid = p_from and a.attnum = d.refobjsubid
        union all
        select 2, pg_get_triggerdef(g.oid) from triggers as g
        union all
        select 3, format(
            'alter table %s %s trigger %I', m.name, case g.tgenabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, g.tgname
        )
        from me as m
        cross join triggers as g
        where g.tgenabled <> 'O'
        union all
        select 3, format('comment on trigger %I on %s is %L', g.tgname, m.name, obj_description(g.oid, 'pg_trigger'))
        from me as m
        cross join triggers as g
        where obj_description(g.oid, 'pg_trigger') is not null
        union all
        select 2, pg_get_ruledef(r.oid) from rules as r
        union all
        select 3, format(
            'alter table %s %s rule %I', m.name, case r.ev_enabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, r.rulename
        )
        from me as m
        cross join rules as r
        where r.ev_enabled <> 'O'
        union all
        select 3, format('comment on rule %I on %s is %L', r.rulename, m.name, obj_description(r.oid, 'pg_rewrite'))
        from me as m
        cross join rules as r
        where obj_description(r.oid, 'pg_rewrite') is not null
        union all
        select 2, format(
            'create policy %I on %s as %s for %s to %s%s%s', p.polname, m.name, case when p.polpermissive then 'permissive' else 'restrictive' end,
            case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end, p.roles,
            (select format(' using (%s)', pg_get_expr(p.polqual, p_from)) where p.polqual is not null),
            (select format(' with check (%s)', pg_get_expr(p.polwithcheck, p_from)) where p.polwithcheck is not null)
        )
        from me as m
        cross join policies as p
        union all
        select 3, format('comment on policy %I on %s is %L', p.polname, m.name, obj_description(p.oid, 'pg_policy'))
        from me as m
        cross join policies as p
        where obj_description(p.oid, 'pg_policy') is not null
        union all
        select 3, format('alter table %s %s row level security', m.name, f.flag)
        from me as m
        inner join pg_class as c on c.oid = p_from
        cross join lateral (
            values (c.relrowsecurity, 'enable'), (c.relforcerowsecurity, 'force')
        ) as f (is_on, flag)
        where f.is_on and p_forward
        union all
        select 2, pg_get_statisticsobjdef(s.oid) from pg_statistic_ext as s where s.stxrelid = p_from and p_forward
        union all
        select 3, x.statement
        from pg_statistic_ext as s
        inner join pg_namespace as n on n.oid = s.stxnamespace
        cross join lateral (
            values
            (true, format('alter statistics %I.%I owner to %s', n.nspname, s.stxname, s.stxowner::regrole)),
            (s.stxstattarget >= 0, format('alter statistics %I.%I set statistics %s', n.nspname, s.stxname, s.stxstattarget)),
            (
                obj_description(s.oid, 'pg_statistic_ext') is not null,
                format('comment on statistics %I.%I is %L', n.nspname, s.stxname, obj_description(s.oid, 'pg_statistic_ext'))
            )
        ) as x (holds, statement)
        where s.stxrelid = p_from and p_forward and x.holds
    )

    select coalesce(array_agg(p.statement order by p.step), '{}') from parts as p
$$;
comment on function @extschema@._follow_up(oid, boolean) is
'Statements that make what hangs on a table for the one that takes its name.';
