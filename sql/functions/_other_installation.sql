-- Schema of another installation of pytelemetry_db that has a policy on this
-- table (two of them would fight over it); null when there is none. One that
-- we may not read counts, because it may have one.
create or replace function @extschema@._other_installation(p_relation_id oid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema text;
    v_found boolean;
begin
    for v_schema in
        select n.nspname::text
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where
            c.relname = '_policy' and c.relkind = 'r'
            and obj_description(c.oid, 'pg_class') like 'One row per managed table:%'
            and n.nspname <> @extschema@._schema()
        order by n.nspname
    loop
        begin
            execute format('select exists (select from %I._policy as p where p.relation_id = $1)', v_schema)
            into v_found using p_relation_id;
        exception
            when insufficient_privilege then
                v_found := true;
        end;
        if v_found then
            return v_schema;
        end if;
    end loop;
    return null;
end
$$;
comment on function @extschema@._other_installation(oid) is
'Schema of another installation that may have a policy on the table, or null.';
