-- The script's values stand here once; everything below reads them.
do $$
begin
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.from_version', ':from_version:', true);
    perform pg_catalog.set_config('pytelemetry_db.from_migration', ':from_migration:', true);
    perform pg_catalog.set_config('pytelemetry_db.version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.migration', ':migration:', true);
    perform pg_catalog.set_config('pytelemetry_db.action', 'upgrade', true);
    perform pg_catalog.set_config('pytelemetry_db.sha256', ':sha256:', true);
    perform pg_catalog.set_config('pytelemetry_db.signatures', ':signatures:', true);
    perform pg_catalog.set_config('pytelemetry_db.describing', ':describing:', true);
    perform pg_catalog.set_config('pytelemetry_db.reader_role', ':reader_role:', true);
    perform pg_catalog.set_config('pytelemetry_db.operator_role', ':operator_role:', true);
end
$$;
