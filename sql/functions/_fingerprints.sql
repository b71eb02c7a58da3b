-- requires: _definitions
-- A fingerprint of each aspect of each object in a schema: sha256 of its
-- definition.
create or replace function @extschema@._fingerprints(p_schema name)
returns table (kind text, identity text, aspect text, fingerprint text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select d.kind, d.identity, d.aspect, encode(sha256(convert_to(d.definition, 'UTF8')), 'hex')
    from @extschema@._definitions(p_schema) as d
$$;
comment on function @extschema@._fingerprints(name) is
'A fingerprint of each aspect of each object in a schema.';
