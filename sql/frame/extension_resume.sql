-- An update of the extension goes on as the owner of its schema.
do $$
begin
    perform set_config('role', pg_get_userbyid(n.nspowner), true)
    from pg_namespace as n
    where n.nspname = current_setting('pytelemetry_db.schema');
end
$$;
