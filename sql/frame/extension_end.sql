-- Rows of these tables are data of the user's and go into a dump; the rest comes
-- with the extension. Then back to the role that was set before.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_table record;
begin
    perform set_config('role', current_setting('pytelemetry_db.role_before'), true);
    for v_table in
        select v.name, v.rows
        from (
            values
            ('_home', ''), ('_policy', ''), ('_run', ''), ('_setting_value', ''),
            ('_installation_log', $q$where action not like '%extension'$q$)
        ) as v (name, rows)
    loop
        perform pg_extension_config_dump(to_regclass(format('%I.%I', v_schema, v_table.name)), v_table.rows);
    end loop;
    perform pg_extension_config_dump(s.oid, '')
    from pg_class as s
    where s.relnamespace = to_regnamespace(quote_ident(v_schema)) and s.relkind = 'S';
end
$$;
