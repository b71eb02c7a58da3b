-- Drops what the release put here, by kind and with RESTRICT: the server
-- itself refuses, naming them, when objects elsewhere depend on ours, or
-- when the schema holds anything else.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_schema_id oid := to_regnamespace(quote_ident(v_schema));
    v_names text[] := string_to_array(current_setting('pytelemetry_db.objects'), ' ');
    v_list text;
begin
    select string_agg(c.oid::regclass::text, ', ' order by c.relname) into v_list
    from pg_class as c
    where c.relnamespace = v_schema_id and c.relkind = 'v' and c.relname = any (v_names);
    if v_list is not null then
        execute 'drop view ' || v_list || ' restrict';
    end if;
    select string_agg(p.oid::regprocedure::text, ', ' order by p.proname) into v_list
    from pg_proc as p
    where p.pronamespace = v_schema_id and p.proname = any (v_names);
    if v_list is not null then
        execute 'drop routine ' || v_list || ' restrict';
    end if;
    select string_agg(c.oid::regclass::text, ', ' order by c.relname) into v_list
    from pg_class as c
    where c.relnamespace = v_schema_id and c.relkind = 'r' and c.relname = any (v_names);
    if v_list is not null then
        execute 'drop table ' || v_list || ' restrict';
    end if;
    execute format('drop schema %I restrict', v_schema);
end
$$;
