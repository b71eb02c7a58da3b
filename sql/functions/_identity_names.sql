-- Statements by which the sequences of identity columns get the names that those of
-- another table have, once those are gone.
create or replace function @extschema@._identity_names(p_from oid, p_to oid)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(format('alter sequence %s rename to %I', s.new, c.relname)), '{}')
    from pg_attribute as a
    cross join lateral (
        select
            pg_get_serial_sequence(@extschema@._qualified_name(p_from), a.attname) as old,
            pg_get_serial_sequence(@extschema@._qualified_name(p_to), a.attname) as new
    ) as s
    inner join pg_class as c on c.oid = s.old::regclass
    where a.attrelid = p_from and a.attnum > 0 and a.attidentity <> '' and not a.attisdropped
$$;
comment on function @extschema@._identity_names(oid, oid) is
'Statements that give identity sequences the names of those of another table.';
