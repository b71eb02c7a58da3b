-- A schema of its own for the functions that look, so that nothing which is being
-- looked at takes part in it.
do $$
declare
    v_owner text := current_setting('pytelemetry_db.owner');
begin
    if not pg_has_role(current_user, v_owner, 'MEMBER') then
        raise exception 'schema "%" belongs to "%": "%" may not make a copy of it', current_setting('pytelemetry_db.schema'), v_owner, current_user
            using errcode = 'insufficient_privilege', hint = format('connect as %s', v_owner);
    end if;
    if not has_database_privilege(v_owner, current_database(), 'CREATE') then
        raise exception '"%" may not create schemas in database "%"', v_owner, current_database()
            using errcode = 'insufficient_privilege',
            hint = format('grant create on database %I to %I', current_database(), v_owner);
    end if;
    perform set_config('role', v_owner, true);
    execute format('create schema %I', current_setting('pytelemetry_db.probe'));
end
$$;
