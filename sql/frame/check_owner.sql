-- Everything in the schema is ours, or nothing of this is committed.
do $$
declare
    v_schema_id oid := to_regnamespace(quote_ident(current_setting('pytelemetry_db.schema')));
    v_foreign text;
begin
    select string_agg(pg_describe_object(o.class_id, o.object_id, 0), ', ') into v_foreign
    from (
        select 'pg_class'::regclass as class_id, c.oid as object_id, c.relowner as owner_id
        from pg_class as c
        where c.relnamespace = v_schema_id
        union all
        select 'pg_proc'::regclass, p.oid, p.proowner from pg_proc as p where p.pronamespace = v_schema_id
        union all
        select 'pg_type'::regclass, t.oid, t.typowner from pg_type as t where t.typnamespace = v_schema_id
        union all
        select 'pg_operator'::regclass, o.oid, o.oprowner from pg_operator as o where o.oprnamespace = v_schema_id
    ) as o
    where o.owner_id <> (select r.oid from pg_roles as r where r.rolname = current_user);
    if v_foreign is not null then
        raise exception 'somebody else owns objects in schema "%": %', current_setting('pytelemetry_db.schema'), v_foreign
            using errcode = 'object_not_in_prerequisite_state', hint = case current_setting('pytelemetry_db.action')
                when 'install' then 'choose another --schema'
                else format('give it to %I, or move it out of the schema', current_user)
            end;
    end if;
end
$$;
