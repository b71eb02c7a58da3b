-- requires: _copy_grants, _copy_columns, _convert_partitions, _lock_referenced_gently
-- Makes the partitioned table that will take the place of a plain one, under
-- another name: columns, keys, indexes, constraints, foreign keys, settings and the
-- partitions for rows to come. Nobody uses it yet. ACCESS SHARE on the table; a
-- foreign key takes SHARE ROW EXCLUSIVE on what it references, for a moment.
create or replace function @extschema@._convert_build(p_conversion @extschema@._conversion)
returns oid
language plpgsql
set search_path = pg_catalog, pg_temp
set default_tablespace = ''
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_old oid := (p_conversion).relation_id;
    v_class pg_class;
    v_new oid;
    v_from text := @extschema@._qualified_name((p_conversion).relation_id);
    v_to text := format('%I.%I', (p_conversion).schema_name, (p_conversion).new_name);
    v_statement text;
    v_tablespace text;
begin
    select c.* into strict v_class from pg_class as c where c.oid = v_old;
    execute format(
        'create table %s (like %s including all excluding indexes excluding statistics) partition by range (%I)%s', v_to, v_from,
        (p_conversion).time_column,
        (select format(' tablespace %I', t.spcname) from pg_tablespace as t where t.oid = v_class.reltablespace)
    );
    v_new := v_to::regclass;
    if v_class.relowner <> (select c.relowner from pg_class as c where c.oid = v_new) then
        execute format('alter table %s owner to %s', v_to, v_class.relowner::regrole);
    end if;
    perform @extschema@._copy_columns(v_old, v_new);
    for v_statement, v_tablespace in
        select
            case
                when k.oid is null then format(
                    'create %sindex %I on %s %s', case when i.indisunique then 'unique ' else '' end, n.new, v_to,
                    -- What the server prints after the name of the table.
                    substr(
                        pg_get_indexdef(i.indexrelid),
                        length(format('CREATE %sINDEX %I ON %s ', case when i.indisunique then 'UNIQUE ' else '' end, c.relname, v_from)) + 1
                    )
                )
                else format(
                    'alter table %s add constraint %I %s%s%s', v_to, n.new, pg_get_constraintdef(k.oid),
                    (select format(' with (%s)', array_to_string(c.reloptions, ', ')) where c.reloptions is not null),
                    (select format(' using index tablespace %I', t.spcname) from pg_tablespace as t where t.oid = c.reltablespace)
                )
            end,
            -- An index without a constraint has no clause of its own for it in what the server prints.
            (select t.spcname from pg_tablespace as t where t.oid = c.reltablespace)
        from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        inner join jsonb_to_recordset((p_conversion).names) as n (kind text, id oid, new name) on n.kind = 'index' and i.indexrelid = n.id
        left join pg_constraint as k on i.indexrelid = k.conindid and i.indrelid = k.conrelid and k.contype in ('p', 'u')
        where i.indrelid = v_old
        order by i.indisprimary desc, i.indexrelid
    loop
        perform set_config('default_tablespace', coalesce(v_tablespace, ''), true);
        execute format('%s', v_statement);
    end loop;
    perform set_config('default_tablespace', '', true);
    perform @extschema@._lock_referenced_gently(v_old);
    for v_statement in
        select x.statement
        from (
            select 1, format('alter table %s add constraint %I %s', v_to, k.conname, pg_get_constraintdef(k.oid))
            from pg_constraint as k
            where k.conrelid = v_old and k.contype = 'f' and k.conparentid = 0
            union all
            select 2, format('comment on constraint %I on %s is %L', k.conname, v_to, obj_description(k.oid, 'pg_constraint'))
            from pg_constraint as k
            where k.conrelid = v_old and k.contype = 'f' and obj_description(k.oid, 'pg_constraint') is not null
            union all
            select 2, format('comment on table %s is %L', v_to, obj_description(v_old, 'pg_class'))
            where obj_description(v_old, 'pg_class') is not null
            union all
            select 2, format('comment on index %I.%I is %L', n.schema, n.new, obj_description(n.id, 'pg_class'))
            from jsonb_to_recordset((p_conversion).names) as n (kind text, id oid, schema name, new name)
            where n.kind = 'index' and obj_description(n.id, 'pg_class') is not null
            union all
            select 2, format('comment on constraint %I on %s is %L', n.new, v_to, obj_description(k.oid, 'pg_constraint'))
            from pg_constraint as k
            inner join jsonb_to_recordset((p_conversion).names) as n (id oid, new name) on k.conindid = n.id and k.conrelid = v_old
            where obj_description(k.oid, 'pg_constraint') is not null
            union all
            select 2, format('alter index %I.%I alter column %s set statistics %s', n.schema, n.new, a.attnum, a.attstattarget)
            from jsonb_to_recordset((p_conversion).names) as n (kind text, id oid, schema name, new name)
            inner join pg_attribute as a on a.attrelid = n.id and a.attnum > 0 and a.attstattarget >= 0
            where n.kind = 'index'
            union all
            select 2, format(
                'alter table %s replica identity %s', v_to,
                case v_class.relreplident
                    when 'f' then 'full'
                    when 'n' then 'nothing'
                    else format('using index %I', (
                        select n.new from jsonb_to_recordset((p_conversion).names) as n (id oid, new name)
                        inner join pg_index as i on i.indexrelid = n.id and i.indisreplident
                    ))
                end
            )
            where v_class.relreplident <> 'd'
        ) as x (step, statement)
        order by x.step
    loop
        execute format('%s', v_statement);
    end loop;
    for v_statement in
        select a.attname from pg_attribute as a where a.attrelid = v_old and a.attnum > 0 and a.attidentity <> ''
    loop
        perform @extschema@._copy_grants(
            pg_get_serial_sequence(v_from, v_statement)::regclass, pg_get_serial_sequence(v_to, v_statement)::regclass
        );
    end loop;
    perform @extschema@._convert_partitions(p_conversion, v_new);
    return v_new;
end
$$;
comment on function @extschema@._convert_build(@extschema@._conversion) is
'Makes the partitioned table that will take the place of a plain one.';
