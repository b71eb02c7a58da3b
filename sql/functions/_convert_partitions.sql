-- requires: _grid_next, _partition_name, _bound_literal, _copy_privileges, _copy_columns
-- The partitions for rows to come, of a partitioned table that nobody uses yet:
-- as many as the policy makes ahead, from the boundary on. Owner, privileges, row security,
-- storage and replica identity as those of the table that is being converted.
create or replace function @extschema@._convert_partitions(p_conversion @extschema@._conversion, p_parent oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set default_tablespace = ''
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_class pg_class;
    v_zone text := (p_conversion).time_zone;
    v_from timestamptz := (p_conversion).boundary;
    v_to timestamptz;
    v_name name;
    v_table text;
    v_statement text;
    v_options text;
begin
    select c.* into strict v_class from pg_class as c where c.oid = (p_conversion).relation_id;
    select format(' with (%s)', string_agg(o.option, ', ')) into v_options
    from (
        select unnest(v_class.reloptions)
        union all
        select format('toast.%s', t.option)
        from pg_class as c
        cross join unnest(c.reloptions) as t (option)
        where c.oid = v_class.reltoastrelid
    ) as o (option)
    having count(*) > 0;
    for n in 1 .. greatest((p_conversion).premake, 1) loop
        v_to := @extschema@._grid_next(v_from, (p_conversion).partition_interval, v_zone);
        v_name := @extschema@._partition_name((p_conversion).table_name, v_from, (p_conversion).partition_interval, v_zone);
        if to_regclass(format('%I.%I', (p_conversion).schema_name, v_name)) is not null then
            v_name := @extschema@._unused_name((p_conversion).schema_name, v_name, '_new');
        end if;
        v_table := format('%I.%I', (p_conversion).schema_name, v_name);
        execute format(
            'create table %s partition of %s for values from (%s) to (%s)%s', v_table, @extschema@._qualified_name(p_parent),
            @extschema@._bound_literal(v_from, (p_conversion).time_type, v_zone, (p_conversion).epoch_unit),
            @extschema@._bound_literal(v_to, (p_conversion).time_type, v_zone, (p_conversion).epoch_unit),
            v_options
        );
        perform @extschema@._copy_columns(v_class.oid, v_table::regclass);
        perform @extschema@._copy_privileges(v_class.oid, v_table::regclass);
        v_statement := case v_class.relreplident
            when 'f' then format('alter table %s replica identity full', v_table)
            when 'n' then format('alter table %s replica identity nothing', v_table)
            when 'i' then (
                select format('alter table %s replica identity using index %I', v_table, c.relname)
                from pg_index as i
                inner join pg_class as c on c.oid = i.indexrelid
                inner join pg_inherits as h on i.indexrelid = h.inhrelid
                inner join pg_index as p on p.indexrelid = h.inhparent and p.indisreplident
                where i.indrelid = v_table::regclass
            )
        end;
        if v_statement is not null then
            execute format('%s', v_statement);
        end if;
        v_from := v_to;
    end loop;
end
$$;
comment on function @extschema@._convert_partitions(@extschema@._conversion, oid) is
'The partitions for rows to come, of a partitioned table that nobody uses yet.';
