-- The schema is the extension's alone, and everything in it will be owned by an
-- ordinary role: a superuser (who restores a dump, say) goes on as that role.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_owner text := current_setting('pytelemetry_db.owner');
    v_objects text;
begin
    select string_agg(o.name, ', ' order by o.name) into v_objects
    from (
        select pg_describe_object(d.classid, d.objid, 0) as name
        from pg_depend as d
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(quote_ident(v_schema)) and d.deptype = 'n'
            and d.classid <> 'pg_extension'::regclass
        limit 5
    ) as o;
    if v_objects is not null then
        raise exception 'schema "%" is not empty: %', v_schema, v_objects
            using errcode = 'object_not_in_prerequisite_state',
            hint = 'A plain installation is upgraded with: pytelemetry-db upgrade.';
    end if;
    if v_owner <> current_user then
        execute format('alter schema %I owner to %I', v_schema, v_owner);
    end if;
    perform set_config('role', v_owner, true);
end
$$;
