-- Drops what the last release recorded and this one no longer has: by exact
-- signature, and with RESTRICT, so that whatever uses it stops the upgrade and
-- is named. What somebody else put here was never recorded, and stays.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_signatures text[] := string_to_array(current_setting('pytelemetry_db.signatures'), ';');
    v_aside jsonb := current_setting('pytelemetry_db.aside');
    v_views text;
    v_routines text;
    v_detail text;
    v_name record;
begin
    select string_agg(v.name, ', ' order by v.name) into v_views
    from (select distinct format('%I.%s', v_schema, o.identity) as name from @extschema@._object as o where o.kind = 'view') as v
    inner join pg_class as c on c.oid = to_regclass(v.name) and c.relkind = 'v'
    where v.name <> all (v_signatures);
    select string_agg(p.oid::regprocedure::text, ', ' order by p.proname) into v_routines
    from pg_proc as p
    where p.pronamespace = to_regnamespace(quote_ident(v_schema)) and v_aside ? p.proname;
    if v_views is not null then
        execute format('drop view %s restrict', v_views);
    end if;
    -- Our triggers are made again right after, and call what this release has.
    for v_name in
        select t.tgname as name, t.tgrelid::regclass as relation
        from pg_trigger as t
        inner join pg_class as c on c.oid = t.tgrelid
        inner join pg_proc as p on p.oid = t.tgfoid
        where
            not t.tgisinternal and v_aside ? p.proname
            and array[c.relnamespace, p.pronamespace] <@ array[to_regnamespace(quote_ident(v_schema))::oid]
    loop
        execute format('drop trigger %I on %s', v_name.name, v_name.relation);
    end loop;
    if v_routines is not null then
        execute format('drop routine %s restrict', v_routines);
    end if;
exception
    when dependent_objects_still_exist then
        get stacked diagnostics v_detail = pg_exception_detail;
        for v_name in select a.key, split_part(a.value, '(', 1) as old from jsonb_each_text(v_aside) as a loop
            v_routines := replace(v_routines, v_name.key, v_name.old);
            v_detail := replace(v_detail, v_name.key, v_name.old);
        end loop;
        raise exception 'something of yours depends on what this release has no more: %', concat_ws(', ', v_views, v_routines)
            using errcode = 'dependent_objects_still_exist', detail = v_detail,
            hint = 'change or drop what depends on it, then upgrade again';
end
$$;
