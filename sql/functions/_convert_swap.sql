-- requires: _convert_lock, _follow_up, _follow_up_others, _limit_lock, _copy_grants, _convert_bind
-- requires: _copy_privileges, _privileges_text
-- requires: _convert_check_again, _move_identity, _identity_names
-- The swap: the partitioned table takes the place of the plain one, which becomes
-- its first partition, with all that hangs on it, in one transaction. Under
-- ACCESS EXCLUSIVE, for milliseconds; reads no row, because the CHECK proves the
-- bounds and every index is there. Waits for locks no longer than lock_timeout.
create or replace function @extschema@._convert_swap(p_conversion @extschema@._conversion, p_lock_timeout_ms integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_old oid := (p_conversion).relation_id;
    v_new oid := (p_conversion).parent_id;
    v_table text := format('%I.%I', (p_conversion).schema_name, (p_conversion).table_name);
    v_until timestamptz;
    v_others record;
    v_after text[];
    v_statement text;
    v_statements text[];
    v_child oid;
begin
    v_until := @extschema@._convert_lock(v_old, v_new, p_lock_timeout_ms);
    perform @extschema@._convert_check_again(p_conversion);
    select o.before, o.after into v_others from @extschema@._follow_up_others(v_old) as o;
    v_after := @extschema@._follow_up(v_old, true) || v_others.after || @extschema@._identity_names(v_old, v_new);
    -- All of it as text first: what it is made from changes under way.
    v_statements := array(
        select unnest(v_others.before)
        union all
        -- Attaching makes them again, as those of the partitioned table.
        select format('drop trigger %I on %s', g.tgname, v_table)
        from pg_trigger as g
        where g.tgrelid = v_old and not g.tgisinternal and (g.tgtype & 1) = 1
        union all
        select unnest(@extschema@._move_identity(v_old, v_new))
        union all
        select format('alter %s %I.%I rename to %I', n.kind, n.schema, n.name, n.old)
        from jsonb_to_recordset((p_conversion).names) as n (kind text, schema name, name name, old name)
        union all
        select format('alter table %s rename to %I', v_table, (p_conversion).old_name)
        union all
        select format('alter %s %I.%I rename to %I', n.kind, n.schema, n.new, n.name)
        from jsonb_to_recordset((p_conversion).names) as n (kind text, schema name, name name, new name)
        where n.kind = 'index'
        union all
        select format('alter table %I.%I rename to %I', (p_conversion).schema_name, (p_conversion).new_name, (p_conversion).table_name)
        union all
        select format(
            'alter table %s attach partition %I.%I for values from (%s) to (%s)', v_table, (p_conversion).schema_name,
            (p_conversion).old_name, (p_conversion).lower_literal, (p_conversion).upper_literal
        )
        union all
        select format('alter table %I.%I drop constraint %I', (p_conversion).schema_name, (p_conversion).old_name, (p_conversion).check_name)
        union all
        select unnest(v_after)
    );
    foreach v_statement in array v_statements loop
        perform @extschema@._limit_lock(v_until);
        execute format('%s', v_statement);
    end loop;
    perform @extschema@._copy_grants(v_old, v_new);
    -- The partitions have those of the day they were made.
    for v_child in
        select i.inhrelid
        from pg_inherits as i
        where i.inhparent = v_new and i.inhrelid <> v_old and @extschema@._privileges_text(i.inhrelid) <> @extschema@._privileges_text(v_old)
        order by i.inhrelid
    loop
        perform @extschema@._limit_lock(v_until);
        for v_statement in
            select format('drop policy %I on %s', p.polname, @extschema@._qualified_name(v_child)) from pg_policy as p where p.polrelid = v_child
            union all
            select format('alter table %s disable row level security, no force row level security', @extschema@._qualified_name(v_child))
        loop
            execute format('%s', v_statement);
        end loop;
        perform @extschema@._copy_privileges(v_old, v_child);
    end loop;
    perform @extschema@._convert_bind(p_conversion, v_old, v_new, (p_conversion).partition_interval);
end
$$;
comment on function @extschema@._convert_swap(@extschema@._conversion, integer) is
'The partitioned table takes the place of the plain one, which becomes its first partition.';
