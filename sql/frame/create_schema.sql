-- Only when it is absent: create schema if not exists would need CREATE on
-- the database even for a schema that the DBA made beforehand.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_owner text := current_setting('pytelemetry_db.owner');
begin
    if to_regnamespace(quote_ident(v_schema)) is null then
        if not has_database_privilege(current_database(), 'CREATE') then
            raise exception '"%" may not create schemas in database "%"', current_user, current_database()
                using errcode = 'insufficient_privilege',
                hint = format('grant create on database %I to %I', current_database(), current_user);
        end if;
        execute format('create schema %I authorization %I', v_schema, v_owner);
    end if;
    perform set_config('role', v_owner, true);
end
$$;
comment on schema @extschema@ is
'pytelemetry_db: retention of telemetry tables. People use the views and functions without a leading underscore.';
