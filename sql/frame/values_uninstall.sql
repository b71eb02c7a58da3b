-- The script's values stand here once; everything below reads them.
do $$
begin
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.from_version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.from_migration', ':migration:', true);
    perform pg_catalog.set_config('pytelemetry_db.version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.action', 'uninstall', true);
    perform pg_catalog.set_config('pytelemetry_db.objects', ':objects:', true);
    perform pg_catalog.set_config('pytelemetry_db.behavior', ':behavior:', true);
    perform pg_catalog.set_config('pytelemetry_db.keep_data', ':keep_data:', true);
end
$$;
