-- requires: _privileges
-- Functions and procedures of a schema: signature with defaults, attributes,
-- body, owner, grants.
create or replace function @extschema@._routine_definitions(p_schema name)
returns table (kind text, identity text, aspect text, definition text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
        format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)),
        a.aspect, a.definition
    from pg_proc as p
    inner join pg_language as l on l.oid = p.prolang
    cross join lateral (
        values
        ('signature', concat_ws(' returns ', '(' || pg_get_function_arguments(p.oid) || ')', pg_get_function_result(p.oid))),
        ('attributes', concat_ws(
            ', ', 'language ' || l.lanname,
            case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
            case when p.proisstrict then 'strict' end, case when p.prosecdef then 'security definer' end,
            case when p.proleakproof then 'leakproof' end, 'parallel ' || p.proparallel::text,
            'cost ' || p.procost::text, 'rows ' || p.prorows::text, 'set ' || array_to_string(p.proconfig, ', set ')
        )),
        ('body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)),
        ('owner', pg_get_userbyid(p.proowner)::text),
        ('grants', @extschema@._privileges(p.proacl, 'f', p.proowner))
    ) as a (aspect, definition)
    where p.pronamespace = (select n.oid from pg_namespace as n where n.nspname = p_schema)
$$;
comment on function @extschema@._routine_definitions(name) is
'Functions and procedures of a schema: signature, attributes, body, owner, grants.';
