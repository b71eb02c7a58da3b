-- requires: _leaves
-- May this role do what a pass does: read, delete and analyze every leaf,
-- unfiltered by row security, and not as a superuser on somebody else's table
-- (the owner's triggers would then run as superuser)?
create or replace function @extschema@._check_privileges(p_relation_id oid, p_role name)
returns table (check_id text, level text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with members as (
        select l.relation_id, format('%I.%I', l.schema_name, l.table_name) as name, l.schema_name
        from @extschema@._leaves(p_relation_id) as l
        union
        select p_relation_id, format('%I.%I', n.nspname, c.relname), n.nspname
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.oid = p_relation_id
    ),

    wanted as (
        select m.relation_id, m.name, p.privilege
        from members as m
        cross join (values ('SELECT'), ('DELETE')) as p (privilege)
    )

    select
        'privilege', 'error',
        format('role %s has no %s privilege on %s', p_role, w.privilege, w.name),
        format('grant %s on %s to %I;', lower(w.privilege), w.name, p_role)
    from wanted as w
    where not has_table_privilege(p_role, w.relation_id, w.privilege)
    union all
    select distinct
        'privilege', 'error',
        format('role %s has no USAGE privilege on schema %I', p_role, m.schema_name),
        format('grant usage on schema %I to %I;', m.schema_name, p_role)
    from members as m
    where not has_schema_privilege(p_role, m.schema_name, 'USAGE')
    union all
    select
        'privilege', 'error',
        format('role %s may not ANALYZE %s', p_role, m.name),
        case
            when current_setting('server_version_num')::integer >= 170000
                then format('grant maintain on %s to %I;', m.name, p_role)
            else format('grant %I to %I;', c.relowner::regrole, p_role)
        end
    from members as m
    inner join pg_class as c on c.oid = m.relation_id
    where
        not pg_has_role(p_role, c.relowner, 'USAGE')
        and not case
            when current_setting('server_version_num')::integer >= 170000
                then has_table_privilege(p_role, m.relation_id, 'MAINTAIN')
            else false
        end
        and not (
            select pg_has_role(p_role, d.datdba, 'USAGE') from pg_database as d where d.datname = current_database()
        )
    union all
    select
        'row_security', 'error',
        format('row security would hide rows of %s from role %s', m.name, p_role),
        format('alter role %I bypassrls; -- or run as the owner of the table', p_role)
    from members as m
    inner join pg_class as c on c.oid = m.relation_id
    inner join pg_roles as r on r.rolname = p_role
    where
        c.relrowsecurity and not r.rolsuper and not r.rolbypassrls
        and (c.relforcerowsecurity or not pg_has_role(p_role, c.relowner, 'USAGE'))
    union all
    select
        'superuser', 'error',
        format('role %s is a superuser and the owner of %s (%s) is not: its triggers would run as superuser', p_role, m.name, o.rolname),
        format('set role %I; -- then again', o.rolname)
    from members as m
    inner join pg_class as c on c.oid = m.relation_id
    inner join pg_roles as o on o.oid = c.relowner
    inner join pg_roles as r on r.rolname = p_role
    where m.relation_id = p_relation_id and r.rolsuper and not o.rolsuper
    order by 1, 3
$$;
comment on function @extschema@._check_privileges(oid, name) is
'Preflight: what the role lacks to clean the table, with the grant.';
