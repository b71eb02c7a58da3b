-- requires: _relation_definitions, _routine_definitions
-- Everything in a schema, one row for each aspect of each object, as the server
-- itself writes it. Names no oid and no attnum, so that a restored dump reads
-- the same. Definitions of views differ between major versions of the server.
create or replace function @extschema@._definitions(p_schema name)
returns table (kind text, identity text, aspect text, definition text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with schema as (
        select n.oid, n.nspname, n.nspowner, n.nspacl from pg_namespace as n where n.nspname = p_schema
    )

    select 'schema', quote_ident(s.nspname), a.aspect, a.definition
    from schema as s
    cross join lateral (
        values
        ('owner', pg_get_userbyid(s.nspowner)::text),
        ('grants', @extschema@._privileges(s.nspacl, 'n', s.nspowner))
    ) as a (aspect, definition)
    union all
    select d.kind, d.identity, d.aspect, d.definition from @extschema@._relation_definitions(p_schema) as d
    union all
    select d.kind, d.identity, d.aspect, d.definition from @extschema@._routine_definitions(p_schema) as d
    union all
    select 'type', quote_ident(t.typname), 'definition', t.typtype::text
    from schema as s
    inner join pg_type as t on t.typnamespace = s.oid
    left join pg_class as c on c.oid = t.typrelid
    where t.typelem = 0 and coalesce(c.relkind, 'c') = 'c' and t.typtype <> 'm'
    union all
    -- What else there may be: operators, collations, statistics, default privileges …
    select
        case when a.oid is null then i.type else 'default privileges' end, i.identity, 'definition',
        coalesce(a.defaclacl::text, '')
    from schema as s
    inner join pg_depend as d on d.refclassid = 'pg_namespace'::regclass and d.refobjid = s.oid
    left join pg_default_acl as a on d.classid = 'pg_default_acl'::regclass and a.oid = d.objid
    cross join lateral pg_identify_object(d.classid, d.objid, 0) as i
    where
        d.classid not in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
        and (d.deptype = 'n' or a.oid is not null)
        and (i.type, i.identity) <> ('extension', 'pytelemetry_db')
$$;
comment on function @extschema@._definitions(name) is
'Everything in a schema, one row for each aspect of each object, as the server writes it.';
