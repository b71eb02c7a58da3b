-- Moves the real schema out of the way and makes an empty one of the same name, in
-- a transaction that is rolled back: nobody else ever sees it.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
begin
    execute format('alter schema %I rename to %I', v_schema, current_setting('pytelemetry_db.probe') || '_real');
    execute format('create schema %I', v_schema);
end
$$;
