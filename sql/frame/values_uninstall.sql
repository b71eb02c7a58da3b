-- The script's values stand here once; everything below reads them.
do $$
begin
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.objects', ':objects:', true);
end
$$;
