-- Decides who owns the schema, and goes on as that role: an ordinary one,
-- because whoever owns our code decides what it deletes and as whom.
do $$
declare
    v_owner text := coalesce(nullif(current_setting('pytelemetry_db.owner'), ''), current_user);
    v_superuser boolean := (select r.rolsuper from pg_roles as r where r.rolname = v_owner);
begin
    if v_superuser is null then
        raise exception 'role "%" does not exist', v_owner
            using errcode = 'undefined_object', hint = format('create role %I nologin', v_owner);
    end if;
    if v_superuser then
        raise exception 'a superuser may not own the schema: "%" is one', v_owner
            using errcode = 'invalid_parameter_value',
            hint = 'name an ordinary role: pytelemetry-db install --owner ROLE';
    end if;
    if not pg_has_role(current_user, v_owner, 'MEMBER') then
        raise exception '"%" may not install for "%"', current_user, v_owner
            using errcode = 'insufficient_privilege', hint = format('grant %I to %I', v_owner, current_user);
    end if;
    perform set_config('pytelemetry_db.owner', v_owner, true);
end
$$;
