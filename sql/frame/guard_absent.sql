-- The schema is absent, or empty and the owner's: nothing that somebody else
-- put there is adopted. An installation of ours is named with its version.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_new text := current_setting('pytelemetry_db.version');
    v_owner text := current_setting('pytelemetry_db.owner');
    v_found record;
    v_old record;
    v_extension text;
    v_objects text;
begin
    select n.oid as schema_id, r.rolname as owner into v_found
    from pg_namespace as n
    inner join pg_roles as r on r.oid = n.nspowner
    where n.nspname = v_schema;
    if not found then
        return;
    end if;
    select e.extname into v_extension from pg_extension as e where e.extnamespace = v_found.schema_id order by e.extname limit 1;
    if found then
        raise exception 'schema "%" belongs to the extension %', v_schema, v_extension
            using errcode = 'object_not_in_prerequisite_state',
            hint = case v_extension
                when 'pytelemetry_db' then 'alter extension pytelemetry_db update'
                else 'choose another --schema'
            end;
    end if;
    if v_found.owner <> v_owner then
        raise exception 'schema "%" belongs to "%", not to "%"', v_schema, v_found.owner, v_owner
            using errcode = 'insufficient_privilege',
            hint = format('choose another --schema, or install as or for (--owner) %s', v_found.owner);
    end if;
    if exists (
        select from pg_class as c
        inner join pg_roles as r on r.oid = c.relowner
        where c.relnamespace = v_found.schema_id and c.relname = '_installation' and c.relkind = 'r'
            and r.rolname = v_owner
    ) then
        perform set_config('role', v_owner, true);
        execute format('select i.version, i.has_code from %I._installation as i', v_schema) into v_old;
        if not v_old.has_code then
            raise exception 'schema "%" holds the data of version % without its code', v_schema, v_old.version
                using errcode = 'object_not_in_prerequisite_state', hint = format('pytelemetry-db sql upgrade --from %s', v_old.version);
        elsif v_old.version = v_new then
            raise exception 'already installed at %: nothing to do', v_old.version
                using errcode = 'object_not_in_prerequisite_state', hint = 'pytelemetry-db status';
        elsif string_to_array(split_part(v_old.version, '-', 1), '.')::integer[]
            > string_to_array(split_part(v_new, '-', 1), '.')::integer[] then
            raise exception 'schema "%" is at version %, which is newer than this script (%)', v_schema, v_old.version, v_new
                using errcode = 'object_not_in_prerequisite_state',
                hint = format('pip install pytelemetry-db==%s', v_old.version);
        end if;
        raise exception 'schema "%" is at version %, this script only installs %', v_schema, v_old.version, v_new
            using errcode = 'object_not_in_prerequisite_state', hint = 'pytelemetry-db upgrade';
    end if;
    select string_agg(o.name, ', ' order by o.name) into v_objects
    from (
        select pg_describe_object(d.classid, d.objid, 0) as name
        from pg_depend as d
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = v_found.schema_id and d.deptype = 'n'
        limit 5
    ) as o;
    if v_objects is not null then
        raise exception 'schema "%" is not empty and not ours: %', v_schema, v_objects
            using errcode = 'object_not_in_prerequisite_state', hint = 'choose another --schema';
    end if;
end
$$;
