-- Key of the advisory lock of one managed table. The constant is the same for
-- every schema and version of pytelemetry_db, so that two installations
-- exclude each other; in pg_locks it shows as classid 1886680676, objid = oid.
create or replace function @extschema@._table_key(p_relation_id oid)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select (1886680676::bigint << 32) | p_relation_id::bigint
$$;
comment on function @extschema@._table_key(oid) is
'Key of the transaction-level advisory lock that every batch on a table takes.';
