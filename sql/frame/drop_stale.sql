-- Drops what the last release recorded and this one no longer has: by exact
-- signature, and with RESTRICT, so that whatever uses it stops the upgrade and
-- is named. What somebody else put here was never recorded, and stays.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_signatures text[] := string_to_array(current_setting('pytelemetry_db.signatures'), ';');
    v_kind text;
    v_list text;
begin
    foreach v_kind in array array['view', 'routine'] loop
        select string_agg(s.name, ', ' order by s.name) into v_list
        from (
            select distinct format('%I.%s', v_schema, o.identity) as name
            from @extschema@._object as o
            where o.kind = any (case v_kind when 'view' then array['view'] else array['function', 'procedure'] end)
        ) as s
        where case v_kind
            when 'view' then to_regclass(s.name) is not null and not s.name = any (v_signatures)
            else to_regprocedure(s.name) is not null and not exists (
                select from unnest(v_signatures) as k (name)
                where case when k.name like '%(%' then to_regprocedure(k.name) end = to_regprocedure(s.name)
            )
        end;
        if v_list is not null then
            execute format('drop %s %s restrict', v_kind, v_list);
        end if;
    end loop;
end
$$;
