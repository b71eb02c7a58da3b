-- Schema-qualified, quoted name of a relation. Never oid::regclass::text: that
-- drops the schema when the table is visible at that moment.
create or replace function @extschema@._qualified_name(p_relation_id oid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.oid = p_relation_id
    );
end
$$;
comment on function @extschema@._qualified_name(oid) is
'Schema-qualified, quoted name of a relation; null when it does not exist.';
