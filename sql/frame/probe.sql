-- A schema of its own for the functions that look, so that nothing which is being
-- looked at takes part in it.
do $$
begin
    perform set_config('role', current_setting('pytelemetry_db.owner'), true);
    execute format('create schema %I', current_setting('pytelemetry_db.probe'));
end
$$;
