-- Gives the columns of a table the statistics targets and options that those of
-- the same name have in another one, which LIKE does not copy.
create or replace function @extschema@._copy_columns(p_from oid, p_to oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_statement text;
begin
    for v_statement in
        select format('alter table only %s alter column %I set statistics %s', @extschema@._qualified_name(p_to), a.attname, a.attstattarget)
        from pg_attribute as a
        where a.attrelid = p_from and a.attnum > 0 and not a.attisdropped and a.attstattarget >= 0
        union all
        select format('alter table only %s alter column %I set (%s)', @extschema@._qualified_name(p_to), a.attname, array_to_string(a.attoptions, ', '))
        from pg_attribute as a
        where a.attrelid = p_from and a.attnum > 0 and not a.attisdropped and a.attoptions is not null
    loop
        execute format('%s', v_statement);
    end loop;
end
$$;
comment on function @extschema@._copy_columns(oid, oid) is
'Gives the columns of a table the statistics targets and options of another one.';
