-- Rows of these tables are data of the user's and go into a dump, with the
-- sequences that number them; the rest comes with the extension. Then back to
-- the role that was set before.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_relation record;
begin
    perform set_config('role', current_setting('pytelemetry_db.role_before'), true);
    for v_relation in
        select c.oid, coalesce(v.rows, '') as rows
        from pg_class as c
        left join (
            values
            ('_home', ''), ('_policy', ''), ('_run', ''), ('_setting_value', ''), ('_job', ''), ('_watermark', ''), ('_sample', ''), ('_call', ''), ('_acknowledgement', ''),
            ('_hold', ''), ('_suspended', ''), ('_allowance', ''), ('_used', ''), ('_detached', ''), ('_detaching', ''), ('_audit', ''), ('_conversion', ''),
            ('_total', ''), ('_incident', ''), ('_delivery', ''),
            ('_installation_log', $q$where action not like '%extension'$q$)
        ) as v (name, rows) on v.name = c.relname
        where c.relnamespace = to_regnamespace(quote_ident(v_schema)) and (c.relkind = 'S' or v.name is not null)
    loop
        perform pg_extension_config_dump(v_relation.oid, v_relation.rows);
    end loop;
end
$$;
