-- Drops what the release put here, by kind: with RESTRICT the server itself
-- refuses, naming them, when objects elsewhere depend on ours. The schema goes
-- only when nothing else is in it. Kept data means the tables stay.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_schema_id oid := to_regnamespace(quote_ident(v_schema));
    v_names text[] := string_to_array(current_setting('pytelemetry_db.objects'), ' ');
    v_keep_data boolean := current_setting('pytelemetry_db.keep_data')::boolean;
    v_kind text;
    v_list text;
    v_trigger name;
begin
    if v_keep_data then
        execute format('update %I._installation as i set has_code = false', v_schema);
        execute format('delete from %I._object as o where o.kind in (%L, %L, %L)', v_schema, 'function', 'procedure', 'view');
        execute format(
            'insert into %I._installation_log (action, from_version) values (%L, %L)',
            v_schema, 'uninstall, data kept', current_setting('pytelemetry_db.version')
        );
        execute format(
            'update %I._run as r set stop_reason = %L, finished_at = clock_timestamp(), detail = %L where r.stop_reason is null',
            v_schema, 'interrupted', 'uninstalled'
        );
    end if;
    -- Our triggers on our tables call our routines, which go first.
    for v_trigger, v_list in
        select t.tgname, t.tgrelid::regclass::text
        from pg_trigger as t
        inner join pg_class as c on c.oid = t.tgrelid
        inner join pg_proc as p on p.oid = t.tgfoid
        where
            c.relnamespace = v_schema_id and not t.tgisinternal
            and p.pronamespace = v_schema_id and p.proname = any (v_names)
    loop
        execute format('drop trigger %I on %s', v_trigger, v_list);
    end loop;
    foreach v_kind in array array['view', 'routine', 'table'] loop
        select string_agg(o.name, ', ' order by o.name) into v_list
        from (
            select case c.relkind when 'v' then 'view' else 'table' end as kind, c.oid::regclass::text as name
            from pg_class as c
            where c.relnamespace = v_schema_id and c.relkind in ('v', 'r') and c.relname = any (v_names)
            union all
            select 'routine', p.oid::regprocedure::text
            from pg_proc as p
            where p.pronamespace = v_schema_id and p.proname = any (v_names)
        ) as o
        where o.kind = v_kind;
        if v_list is not null and not (v_kind = 'table' and v_keep_data) then
            execute format('drop %s %s %s', v_kind, v_list, current_setting('pytelemetry_db.behavior'));
        end if;
    end loop;
    if not v_keep_data then
        execute format('drop schema %I restrict', v_schema);
    end if;
end
$$;
