-- Whether a table of the ledger still is what was detached, and nobody found a use for it: the same
-- table under the same name, no partition and nobody's child.
create or replace function @extschema@._is_detached(p_entry @extschema@._detached)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where
            c.oid = (p_entry).relation_id and (n.nspname, c.relname) = ((p_entry).schema_name, (p_entry).table_name)
            and c.relkind in ('r', 'p') and not c.relispartition
            and not exists (select from pg_inherits as i where i.inhrelid = c.oid)
    )
$$;
comment on function @extschema@._is_detached(@extschema@._detached) is
'Whether a table of the ledger still is what was detached.';
