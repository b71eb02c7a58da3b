-- Routines of the last release that this one has no more, or has with other
-- arguments, give up their names until drop_stale: a view that is made now would
-- take hold of them otherwise. What the release is about to make is not there
-- yet, or is ours: nothing that somebody else put here is replaced.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_describing text[] := string_to_array(current_setting('pytelemetry_db.describing'), ' ');
    v_wanted text[];
    v_taken text;
    v_routine record;
    v_aside jsonb := '{}';
    v_old text := (select i.version from @extschema@._installation as i);
    v_no_record boolean := not exists (select from @extschema@._object as o);
begin
    -- A record that somebody emptied says nothing about what is ours.
    if v_no_record and v_old <> current_setting('pytelemetry_db.version') then
        raise exception 'there is no record of what version % put into schema "%"', v_old, v_schema
            using errcode = 'object_not_in_prerequisite_state',
            hint = format('with version %s (pip install pytelemetry-db==%1$s): pytelemetry-db upgrade --force', v_old);
    end if;
    select array_agg(
        case
            when s.signature not like '%(%' then quote_ident(split_part(s.signature, '.', 2))
            else format('%I(%s)', split_part(split_part(s.signature, '(', 1), '.', 2), (
                select string_agg(coalesce(format_type(to_regtype(a.type), null), '?'), ', ' order by a.position)
                from unnest(string_to_array(rtrim(substr(s.signature, strpos(s.signature, '(') + 1), ')'), ', '))
                    with ordinality as a (type, position)
            ))
        end
    ) into v_wanted
    from unnest(string_to_array(current_setting('pytelemetry_db.signatures'), ';')) as s (signature);
    select string_agg(format('%s %I.%s', f.kind, v_schema, f.identity), ', ' order by f.identity) into v_taken
    from (
        select
            case p.prokind when 'p' then 'procedure' else 'function' end as kind,
            format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) as identity, p.proname as name
        from pg_proc as p
        where p.pronamespace = to_regnamespace(quote_ident(v_schema))
        union all
        select 'view', quote_ident(c.relname), c.relname
        from pg_class as c
        where c.relnamespace = to_regnamespace(quote_ident(v_schema)) and c.relkind = 'v'
    ) as f
    where
        f.identity = any (v_wanted) and f.name <> all (v_describing)
        and not v_no_record
        and not exists (select from @extschema@._object as o where o.identity = f.identity and o.kind in ('function', 'procedure', 'view'));
    if v_taken is not null then
        raise exception '% is there, is not ours, and has a name that this release needs', v_taken
            using errcode = 'object_not_in_prerequisite_state', hint = 'rename it, or move it to another schema, then upgrade again';
    end if;
    for v_routine in
        select p.oid, format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) as identity
        from pg_proc as p
        where p.pronamespace = to_regnamespace(quote_ident(v_schema))
    loop
        continue when v_routine.identity = any (v_wanted) or not exists (
            select from @extschema@._object as o
            where o.identity = v_routine.identity and o.kind in ('function', 'procedure')
        );
        execute format('alter routine %s rename to %I', v_routine.oid::regprocedure, '_aside_' || v_routine.oid);
        v_aside := v_aside || jsonb_build_object('_aside_' || v_routine.oid, v_routine.identity);
    end loop;
    perform set_config('pytelemetry_db.aside', v_aside::text, true);
end
$$;
