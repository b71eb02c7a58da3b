-- requires: _move_watcher, _model_partition, _lock_set_gently, _lock_table, _make_partition
-- requires: _attach_partition, _unused_name
-- Makes a partition whose rows are in the default by now: they move in the transaction
-- that attaches it, so that every reader sees each of them once. Whoever uses the table waits
-- for it meanwhile: a reader or writer that waited for the default alone would know the partitions of
-- before, and miss the rows, or be refused. More than 50,000 rows are an error that says so, and so is whatever
-- would see the DELETE: a foreign key would cascade, a subscriber lose them.
create or replace function @extschema@._fill_partition(
    p_policy @extschema@._policy,
    p_name name,
    p_lower text,
    p_upper text,
    p_rows bigint,
    p_likely oid default null
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_parent oid := (p_policy).relation_id;
    v_default text;
    v_schema name := (p_policy).schema_name;
    v_child oid;
    v_columns text;
    v_moved bigint;
    v_watcher record;
begin
    perform @extschema@._lock_set_gently(v_parent, null);
    v_default := (select @extschema@._qualified_name(t.partdefid) from pg_partitioned_table as t where t.partrelid = v_parent);
    if p_rows > 50000 then
        raise exception 'more than 50000 rows from % to % are in the default partition %', p_lower, p_upper, v_default
            using errcode = 'program_limit_exceeded',
            hint = 'Move them with partition_data_proc of pg_partman or by hand, or detach the default, make the partition, and insert the rows again.';
    end if;
    select w.reason, w.fix into v_watcher from @extschema@._move_watcher(p_policy) as w;
    if v_watcher.reason is not null then
        raise exception 'rows from % to % are in the default partition % and cannot move: %', p_lower, p_upper, v_default, v_watcher.reason
            using errcode = 'object_not_in_prerequisite_state', hint = v_watcher.fix;
    end if;
    v_child := @extschema@._make_partition(
        v_parent, @extschema@._model_partition(v_parent, p_likely), v_schema, @extschema@._unused_name(v_schema, p_name, '')
    );
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where a.attrelid = v_parent and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    perform @extschema@._lock_table(v_parent, 'access exclusive');
    perform @extschema@._lock_table(to_regclass(v_default), 'access exclusive');
    execute format(
        'with moved as (delete from only %1$s where %2$I >= %3$s and %2$I < %4$s returning %5$s) insert into %6$s (%5$s) select %5$s from moved',
        v_default, (p_policy).time_column, p_lower, p_upper, v_columns, @extschema@._qualified_name(v_child)
    );
    get diagnostics v_moved = row_count;
    perform @extschema@._attach_partition(v_parent, v_child, p_lower, p_upper);
    return jsonb_build_object('made', v_child, 'moved', v_moved);
end
$$;
comment on function @extschema@._fill_partition(@extschema@._policy, name, text, text, bigint, oid) is
'Makes a partition and moves its rows out of the default.';
