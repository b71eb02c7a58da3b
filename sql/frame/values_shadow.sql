-- The values of a shadow copy; see shadow.sql.
do $$
begin
    perform pg_catalog.set_config('pytelemetry_db.schema', ':schema:', true);
    perform pg_catalog.set_config('pytelemetry_db.owner', ':owner:', true);
    perform pg_catalog.set_config('pytelemetry_db.probe', ':probe:', true);
    perform pg_catalog.set_config('pytelemetry_db.reader_role', ':reader_role:', true);
    perform pg_catalog.set_config('pytelemetry_db.operator_role', ':operator_role:', true);
end
$$;
