-- Inside CREATE EXTENSION and ALTER EXTENSION UPDATE: the script's values, and
-- names that mean what they say. What an option says to the command line is said
-- with SET before, or for the database.
do $$
declare
    v_option text;
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.migration', ':migration:', true);
    perform pg_catalog.set_config('pytelemetry_db.action', ':action:', true);
    perform pg_catalog.set_config('pytelemetry_db.sha256', ':sha256:', true);
    perform pg_catalog.set_config('pytelemetry_db.signatures', ':signatures:', true);
    perform pg_catalog.set_config('pytelemetry_db.describing', ':describing:', true);
    perform pg_catalog.set_config('pytelemetry_db.drift', '[]', true);
    perform pg_catalog.set_config('pytelemetry_db.role_before', pg_catalog.current_setting('role'), true);
    foreach v_option in array array['owner', 'reader_role', 'operator_role', 'allow_all_tables_publication'] loop
        perform pg_catalog.set_config(
            'pytelemetry_db.' || v_option,
            coalesce(
                nullif(pg_catalog.current_setting('pytelemetry_db.' || v_option, true), ''),
                case v_option when 'allow_all_tables_publication' then 'off' else '' end
            ),
            true
        );
    end loop;
end
$$;
