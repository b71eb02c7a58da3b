-- A view that somebody gave other columns cannot be replaced. It is dropped with
-- our other views, which may use it, and all of them are made anew. RESTRICT keeps
-- what is not ours, and names it.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_views oid[];
    v_list text;
begin
    select array_agg(c.oid), string_agg(c.oid::regclass::text, ', ') into v_views, v_list
    from (select distinct o.identity from @extschema@._object as o where o.kind = 'view') as v
    inner join pg_class as c on c.oid = to_regclass(format('%I.%s', v_schema, v.identity)) and c.relkind = 'v';
    if exists (
        select
        from (
            select quote_ident(c.relname) || '.' || quote_ident(a.attname) as name
            from pg_class as c
            inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where c.oid = any (v_views)
        ) as present
        full join (
            select distinct o.identity as name
            from @extschema@._object as o
            inner join pg_class as c on c.oid = any (v_views) and starts_with(o.identity, quote_ident(c.relname) || '.')
            where o.kind = 'column'
        ) as recorded on recorded.name = present.name
        where present.name is null or recorded.name is null
    ) then
        execute format('drop view %s restrict', v_list);
    end if;
end
$$;
