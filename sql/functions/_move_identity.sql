-- Hands the numbers of identity columns from one table on to another that has the
-- same columns, and returns the statements that end those of the first. The first
-- one is locked; ALTER SEQUENCE keeps everybody from drawing a number until we commit.
create or replace function @extschema@._move_identity(p_from oid, p_to oid)
returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_column record;
    v_from text := @extschema@._qualified_name(p_from);
    v_statements text[] := array[]::text[];
begin
    for v_column in
        select
            a.attname, s.*, obj_description(s.seqrelid, 'pg_class') as remark,
            pg_get_serial_sequence(v_from, a.attname) as old,
            pg_get_serial_sequence(@extschema@._qualified_name(p_to), a.attname) as new
        from pg_attribute as a
        inner join pg_sequence as s on s.seqrelid = pg_get_serial_sequence(v_from, a.attname)::regclass
        where a.attrelid = p_from and a.attnum > 0 and a.attidentity <> '' and not a.attisdropped
    loop
        execute format('alter sequence %s increment by %s', v_column.old, v_column.seqincrement);
        -- LIKE makes it of the column's type.
        execute format(
            'alter sequence %s as %s minvalue %s maxvalue %s', v_column.new, v_column.seqtypid::regtype, v_column.seqmin, v_column.seqmax
        );
        if v_column.remark is not null then
            execute format('comment on sequence %s is %L', v_column.new, v_column.remark);
        end if;
        execute format('select setval(%L, s.last_value, s.is_called) from %s as s', v_column.new, v_column.old);
        v_statements := array_append(v_statements, format('alter table only %s alter column %I drop identity', v_from, v_column.attname));
    end loop;
    return v_statements;
end
$$;
comment on function @extschema@._move_identity(oid, oid) is
'Hands the numbers of identity columns on to another table.';
