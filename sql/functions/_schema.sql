-- The schema this installation lives in, read from the catalog because the
-- schema token may only stand where an identifier stands. Touches no table of
-- ours: a lock that an upgrade wants must not be held by who waits for it.
create or replace function @extschema@._schema()
returns name
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select n.nspname
        from pg_type as t
        inner join pg_namespace as n on n.oid = t.typnamespace
        where t.oid = pg_typeof(null::@extschema@._installation)
    );
end
$$;
comment on function @extschema@._schema() is
'The schema this installation lives in.';
