-- A name for a new table or index that nothing in its schema has: the wanted one with a
-- suffix, within 63 bytes, and with a number after it when somebody has that already.
create or replace function @extschema@._unused_name(p_schema name, p_base name, p_suffix text)
returns name
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_number integer := 0;
    v_suffix text := p_suffix;
    v_base text;
begin
    loop
        v_base := p_base::text;
        while octet_length(v_base) + octet_length(v_suffix) > 63 loop
            v_base := left(v_base, -1);
        end loop;
        exit when not exists (
            select from pg_class as c
            inner join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = p_schema and c.relname = format('%s%s', v_base, v_suffix)
        ) and not exists (
            select from pg_type as t
            inner join pg_namespace as n on n.oid = t.typnamespace
            where n.nspname = p_schema and t.typname = format('%s%s', v_base, v_suffix)
                -- The array type of another one gives way by itself.
                and t.typelem = 0
        ) and not exists (
            select from pg_statistic_ext as s
            inner join pg_namespace as n on n.oid = s.stxnamespace
            where n.nspname = p_schema and s.stxname = format('%s%s', v_base, v_suffix)
        ) and not exists (
            -- Taken by a conversion that has not come to it.
            select from @extschema@._conversion as c
            where
                c.finished_at is null and c.schema_name = p_schema
                and (
                    format('%s%s', v_base, v_suffix) in (c.old_name, c.new_name, c.check_name)
                    or exists (
                        select from jsonb_to_recordset(c.names) as n (old text, new text)
                        where format('%s%s', v_base, v_suffix) in (n.old, n.new)
                    )
                )
        );
        v_number := v_number + 1;
        v_suffix := format('%s_%s', p_suffix, v_number);
    end loop;
    return format('%s%s', v_base, v_suffix)::name;
end
$$;
comment on function @extschema@._unused_name(name, name, text) is
'A name with a suffix that nothing in the schema has.';
