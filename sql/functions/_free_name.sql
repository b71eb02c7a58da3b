-- The name for a new table: the wished one, or with a number after it where
-- somebody has that; never longer than a name can be.
create or replace function @extschema@._free_name(p_schema name, p_name name)
returns name
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name name := p_name;
    v_number integer := 0;
begin
    while
        exists (
            select from pg_class as c
            inner join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = p_schema and c.relname = v_name
        )
        or exists (
            select from pg_type as t
            inner join pg_namespace as n on n.oid = t.typnamespace
            -- The array type of another one gives way by itself.
            where n.nspname = p_schema and t.typname = v_name and t.typelem = 0
        )
    loop
        v_number := v_number + 1;
        -- A character may be longer than a byte.
        while octet_length(p_name) > 62 - length(v_number::text) loop
            p_name := left(p_name, -1)::name;
        end loop;
        v_name := format('%s_%s', p_name, v_number)::name;
    end loop;
    return v_name;
end
$$;
comment on function @extschema@._free_name(name, name) is
'The wished name for a new table, with a number after it where it is taken.';
