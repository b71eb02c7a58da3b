-- The schema this installation lives in, read from the catalog because the
-- schema token may only stand where an identifier stands.
create or replace function @extschema@._schema()
returns name
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select n.nspname
    from @extschema@._installation as i
    inner join pg_class as c on c.oid = i.tableoid
    inner join pg_namespace as n on n.oid = c.relnamespace
$$;
comment on function @extschema@._schema() is
'The schema this installation lives in.';
