-- requires: _convert_lock, _lock_within, _follow_up, _follow_up_others, _limit_lock
-- requires: _convert_bind, _add_identity, _convert_undo_findings, _unused_name
-- The swap in reverse: the old table, which is a partition now, becomes the table
-- again, and the partitioned one is dropped with its empty partitions. When one of
-- them has a row: without p_with_rows it changes nothing and returns false; with it
-- they become children of the table, so that it shows all rows while they are moved. Locks as the swap does.
create or replace function @extschema@._convert_swap_back(
    p_conversion @extschema@._conversion,
    p_lock_timeout_ms integer,
    p_with_rows boolean
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_old oid := (p_conversion).relation_id;
    v_new oid := (p_conversion).parent_id;
    v_table text := @extschema@._qualified_name((p_conversion).parent_id);
    v_old_name text := @extschema@._qualified_name((p_conversion).relation_id);
    v_schema name;
    v_name name;
    v_new_name name;
    v_detail text;
    v_fix text;
    v_until timestamptz;
    v_others record;
    v_after text[];
    v_statement text;
    v_statements text[];
    v_partition text;
    v_children text[];
    v_has_rows boolean;
begin
    select f.detail, f.fix into v_detail, v_fix from @extschema@._convert_undo_findings(p_conversion) as f limit 1;
    if v_detail is not null then
        raise exception '%', v_detail using errcode = 'object_not_in_prerequisite_state', hint = v_fix;
    end if;
    -- It may have been renamed since.
    select n.nspname, c.relname, @extschema@._unused_name(n.nspname, c.relname, '_new') into v_schema, v_name, v_new_name
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = v_new;
    v_until := @extschema@._convert_lock(v_new, v_old, p_lock_timeout_ms);
    perform @extschema@._lock_within(
        array(
            select @extschema@._qualified_name(t.relid) from pg_partition_tree(v_new) as t where t.relid <> v_new order by t.relid
        ),
        'access exclusive', v_until
    );
    v_children := array(
        select @extschema@._qualified_name(i.inhrelid) from pg_inherits as i where i.inhparent = v_new and i.inhrelid <> v_old order by i.inhrelid
    );
    foreach v_partition in array v_children loop
        exit when p_with_rows;
        execute format('select exists (select from %s)', v_partition) into v_has_rows;
        if v_has_rows then
            return false;
        end if;
    end loop;
    select o.before, o.after into v_others from @extschema@._follow_up_others(v_new) as o;
    v_after := @extschema@._follow_up(v_new, false) || v_others.after;
    -- All of it as text first: what it is made from changes under way.
    v_statements := array(
        select unnest(v_others.before)
        union all
        select format('alter table %s detach partition %s', v_table, v_old_name)
        union all
        select format('alter table %s detach partition %s', v_table, c.child) from unnest(v_children) as c (child) where p_with_rows
        union all
        select unnest(@extschema@._add_identity(v_new, v_old))
        union all
        select format('alter table %s rename to %I', v_table, v_new_name)
        union all
        select format('alter table %s rename to %I', v_old_name, v_name)
        union all
        select unnest(v_after)
        union all
        select format('drop table %I.%I', v_schema, v_new_name)
        union all
        select format('alter table %s inherit %s', c.child, v_table) from unnest(v_children) as c (child) where p_with_rows
    );
    foreach v_statement in array v_statements loop
        perform @extschema@._limit_lock(v_until);
        execute format('%s', v_statement);
    end loop;
    v_statements := array(
        -- By number or by name: somebody may have renamed, dropped or rebuilt one of them since.
        select format('alter index %s rename to %I', @extschema@._qualified_name(i.indexrelid), n.name)
        from jsonb_to_recordset((p_conversion).names) as n (kind text, id oid, name name, old name)
        inner join pg_index as i on i.indrelid = v_old
        inner join pg_class as c on c.oid = i.indexrelid
        where
            n.kind = 'index'
            and (i.indexrelid = n.id or (c.relname = n.old and not exists (select from pg_index as x where x.indexrelid = n.id)))
        union all
        select format('alter statistics %s.%I rename to %I', s.stxnamespace::regnamespace, s.stxname, n.name)
        from jsonb_to_recordset((p_conversion).names) as n (kind text, id oid, name name)
        inner join pg_statistic_ext as s on s.oid = n.id
        where n.kind = 'statistics'
    );
    foreach v_statement in array v_statements loop
        execute format('%s', v_statement);
    end loop;
    perform @extschema@._convert_bind(p_conversion, v_new, v_old, null);
    update @extschema@._conversion as c set schema_name = v_schema, table_name = v_name where c.conversion_id = (p_conversion).conversion_id;
    return true;
end
$$;
comment on function @extschema@._convert_swap_back(@extschema@._conversion, integer, boolean) is
'The old table becomes the table again; false when a row came into another partition.';
