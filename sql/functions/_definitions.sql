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
    select 'schema', quote_ident(n.nspname), a.aspect, a.definition
    from pg_namespace as n
    cross join lateral (
        values
        ('owner', pg_get_userbyid(n.nspowner)::text),
        ('grants', @extschema@._privileges(n.nspacl, 'n', n.nspowner))
    ) as a (aspect, definition)
    where n.nspname = p_schema
    union all
    select d.kind, d.identity, d.aspect, d.definition from @extschema@._relation_definitions(p_schema) as d
    union all
    select d.kind, d.identity, d.aspect, d.definition from @extschema@._routine_definitions(p_schema) as d
    union all
    select 'type', quote_ident(t.typname), 'definition', t.typtype::text
    from pg_type as t
    left join pg_class as c on c.oid = t.typrelid
    where
        t.typnamespace = (select n.oid from pg_namespace as n where n.nspname = p_schema)
        and t.typelem = 0 and coalesce(c.relkind, 'c') = 'c' and t.typtype <> 'm'
$$;
comment on function @extschema@._definitions(name) is
'Everything in a schema, one row for each aspect of each object, as the server writes it.';
