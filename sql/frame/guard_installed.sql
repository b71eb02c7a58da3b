-- Uninstall: the schema holds exactly this version, and we may act as its
-- owner. Goes on as the owner.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_new text := current_setting('pytelemetry_db.version');
    v_owner text := (
        select r.rolname
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        inner join pg_roles as r on r.oid = n.nspowner
        where n.nspname = v_schema and c.relname = '_installation' and c.relkind = 'r' and c.relowner = n.nspowner
    );
    v_old text;
begin
    if v_owner is null then
        raise exception 'pytelemetry_db is not installed in schema "%"', v_schema
            using errcode = 'invalid_schema_name', hint = 'pytelemetry-db status --schema SCHEMA';
    end if;
    if not pg_has_role(current_user, v_owner, 'MEMBER') then
        raise exception 'schema "%" belongs to "%": "%" may not remove it', v_schema, v_owner, current_user
            using errcode = 'insufficient_privilege', hint = format('connect as %s', v_owner);
    end if;
    perform set_config('role', v_owner, true);
    execute format('select i.version from %I._installation as i', v_schema) into v_old;
    if v_old is distinct from v_new then
        raise exception 'schema "%" is at version %, this script removes %', v_schema, v_old, v_new
            using errcode = 'object_not_in_prerequisite_state',
            hint = format('pip install pytelemetry-db==%s', v_old);
    end if;
end
$$;
