-- The script's values stand here once; everything below reads them.
do $$
begin
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.version', ':version:', true);
    perform pg_catalog.set_config('pytelemetry_db.migration', ':migration:', true);
    perform pg_catalog.set_config('pytelemetry_db.action', 'install', true);
    perform pg_catalog.set_config('pytelemetry_db.sha256', ':sha256:', true);
    perform pg_catalog.set_config('pytelemetry_db.owner', ':owner:', true);
    perform pg_catalog.set_config('pytelemetry_db.reader_role', ':reader_role:', true);
    perform pg_catalog.set_config('pytelemetry_db.operator_role', ':operator_role:', true);
    perform pg_catalog.set_config('pytelemetry_db.drift', '[]', true);
    perform pg_catalog.set_config('pytelemetry_db.allow_all_tables_publication', ':allow_all_tables_publication:', true);
end
$$;
