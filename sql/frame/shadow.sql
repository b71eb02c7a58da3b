-- Moves the real schema out of the way and makes an empty one of the same name, in
-- a transaction that is rolled back: nobody else ever sees it. A schema that was
-- given to somebody else is moved by whoever is connected, if that is allowed.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_owner text := current_setting('pytelemetry_db.owner');
    v_schema_owner text := (select pg_get_userbyid(n.nspowner) from pg_namespace as n where n.nspname = v_schema);
begin
    if v_schema_owner <> v_owner then
        perform set_config('role', 'none', true);
        if not pg_has_role(current_user, v_schema_owner, 'USAGE') then
            raise exception 'schema "%" belongs to "%", and what is in it to "%"', v_schema, v_schema_owner, v_owner
                using errcode = 'insufficient_privilege', hint = format('alter schema %I owner to %I', v_schema, v_owner);
        end if;
    end if;
    execute format('alter schema %I rename to %I', v_schema, current_setting('pytelemetry_db.probe') || '_real');
    perform set_config('role', v_owner, true);
    execute format('create schema %I', v_schema);
end
$$;
