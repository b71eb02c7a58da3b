-- requires: _copy_grants, _unused_name
-- Statements that make columns of a table identity columns as those of another
-- one are, with a sequence that goes on where that one is. Both are locked.
create or replace function @extschema@._add_identity(p_from oid, p_to oid)
returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_column record;
    v_last bigint;
    v_called boolean;
    v_from text := @extschema@._qualified_name(p_from);
    v_renamed name;
    v_statements text[] := array[]::text[];
begin
    for v_column in
        select a.attname, a.attidentity, s.*, n.nspname, c.relname, obj_description(s.seqrelid, 'pg_class') as remark
        from pg_attribute as a
        inner join pg_sequence as s on s.seqrelid = pg_get_serial_sequence(v_from, a.attname)::regclass
        inner join pg_class as c on c.oid = s.seqrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        where a.attrelid = p_from and a.attnum > 0 and a.attidentity <> '' and not a.attisdropped
    loop
        execute format('alter sequence %I.%I increment by %s', v_column.nspname, v_column.relname, v_column.seqincrement);
        execute format('select s.last_value, s.is_called from %I.%I as s', v_column.nspname, v_column.relname) into v_last, v_called;
        -- Its own sequence gives the name free first.
        v_renamed := @extschema@._unused_name(v_column.nspname, v_column.relname, '_new');
        v_statements := v_statements || array[
            format('alter sequence %I.%I rename to %I', v_column.nspname, v_column.relname, v_renamed),
            format(
                'alter table only %s alter column %I add generated %s as identity (sequence name %I.%I start with %s increment by %s minvalue %s maxvalue %s cache %s %s)',
                @extschema@._qualified_name(p_to), v_column.attname, case v_column.attidentity when 'a' then 'always' else 'by default' end,
                v_column.nspname, v_column.relname, v_column.seqstart, v_column.seqincrement, v_column.seqmin, v_column.seqmax, v_column.seqcache,
                case when v_column.seqcycle then 'cycle' else 'no cycle' end
            ),
            format(
                'alter sequence %I.%I as %s minvalue %s maxvalue %s', v_column.nspname, v_column.relname, v_column.seqtypid::regtype,
                v_column.seqmin, v_column.seqmax
            ),
            format('comment on sequence %I.%I is %L', v_column.nspname, v_column.relname, v_column.remark),
            format('select setval(%L, %s, %L)', format('%I.%I', v_column.nspname, v_column.relname), v_last, v_called),
            format(
                'select %I._copy_grants(%L::regclass, %L::regclass)', @extschema@._schema(), format('%I.%I', v_column.nspname, v_renamed),
                format('%I.%I', v_column.nspname, v_column.relname)
            )
        ];
    end loop;
    return v_statements;
end
$$;
comment on function @extschema@._add_identity(oid, oid) is
'Statements that make identity columns as those of another table.';
