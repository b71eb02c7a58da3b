-- Upgrade and uninstall: the schema holds exactly the version that the script
-- was made for, and we may act as its owner. Goes on as the owner.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_action text := current_setting('pytelemetry_db.action');
    v_from text := current_setting('pytelemetry_db.from_version');
    v_new text := current_setting('pytelemetry_db.version');
    v_found record;
    v_old record;
begin
    select c.oid as installation, r.rolname as owner, e.extname as extension into v_found
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    inner join pg_roles as r on r.oid = n.nspowner
    left join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    left join pg_extension as e on e.oid = d.refobjid
    where n.nspname = v_schema and c.relname = '_installation' and c.relkind = 'r'
        and (c.relowner = n.nspowner or e.oid is not null);
    if not found then
        raise exception 'pytelemetry_db is not installed in schema "%"', v_schema
            using errcode = 'invalid_schema_name', hint = format('pytelemetry-db install --schema %s', v_schema);
    end if;
    if v_found.extension is not null then
        raise exception 'schema "%" belongs to the extension %', v_schema, v_found.extension
            using errcode = 'object_not_in_prerequisite_state',
            hint = format(case v_action when 'upgrade' then 'alter extension %I update' else 'drop extension %I' end, v_found.extension);
    end if;
    if not pg_has_role(current_user, v_found.owner, 'MEMBER') then
        raise exception 'schema "%" belongs to "%": "%" may not % it', v_schema, v_found.owner, current_user, v_action
            using errcode = 'insufficient_privilege', hint = format('connect as %s', v_found.owner);
    end if;
    perform set_config('role', v_found.owner, true);
    execute format('select i.version, i.migration from %I._installation as i', v_schema) into v_old;
    if v_old.version is distinct from v_from and v_old.version = v_new then
        raise exception 'already at %: nothing to do', v_new
            using errcode = 'object_not_in_prerequisite_state', hint = 'pytelemetry-db status';
    elsif string_to_array(split_part(v_old.version, '-', 1), '.')::integer[]
        > string_to_array(split_part(v_new, '-', 1), '.')::integer[] then
        raise exception 'schema "%" is at version %, which is newer than this script (%)', v_schema, v_old.version, v_new
            using errcode = 'object_not_in_prerequisite_state', hint = format('pip install pytelemetry-db==%s', v_old.version);
    elsif (v_old.version, v_old.migration) is distinct from (v_from, current_setting('pytelemetry_db.from_migration')::integer) then
        raise exception 'schema "%" is at version % (migration %), this script is for % (migration %)',
            v_schema, v_old.version, v_old.migration, v_from, current_setting('pytelemetry_db.from_migration')
            using errcode = 'object_not_in_prerequisite_state',
            hint = case v_action
                when 'upgrade' then format('pytelemetry-db sql upgrade --from %s', v_old.version)
                else format('pip install pytelemetry-db==%s', v_old.version)
            end;
    end if;
end
$$;
