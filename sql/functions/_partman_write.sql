-- requires: _partman_config
-- Writes columns of pg_partman's row about a table, and makes the row where there is
-- none. Columns that this version of pg_partman does not have are left out. The
-- caller holds its locks.
create or replace function @extschema@._partman_write(p_relation_id oid, p_schema name, p_columns jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_name text := (
        select n.nspname || '.' || c.relname
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.oid = p_relation_id
    );
    v_columns text;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where
        a.attrelid = to_regclass(format('%I.part_config', p_schema)) and a.attnum > 0 and not a.attisdropped
        and p_columns ? a.attname and a.attname <> 'parent_table';
    if @extschema@._partman_config(p_relation_id) is null then
        execute format(
            'insert into %1$I.part_config (parent_table, %2$s) select $1, %2$s from jsonb_populate_record(null::%1$I.part_config, $2)',
            p_schema, v_columns
        ) using v_name, p_columns;
    else
        execute format(
            'update %1$I.part_config set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$I.part_config, $2)) where parent_table = $1',
            p_schema, v_columns
        ) using v_name, p_columns;
    end if;
end
$$;
comment on function @extschema@._partman_write(oid, name, jsonb) is
'Writes columns of pg_partman''s row about a table.';
