-- requires: _lock_set_gently, _lock_table, _partitions_of, _rotation_frame, _removal_rule, _unused_name, _clock
-- Detaches one expired partition and enters it into the ledger of what may be dropped.
-- Everything is looked at again under lock: its bounds, that it is not the last one, and
-- where bounds are no proof, that no row of it must stay. Returns null, or why it stays.
-- ACCESS EXCLUSIVE on parent, default and partition, each asked for within lock_timeout.
create or replace function @extschema@._detach_partition(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_partition oid
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_parent text := @extschema@._qualified_name((p_policy).relation_id);
    v_child text;
    v_default oid;
    v_found record;
    v_rule record;
    v_frame record;
    v_must_stay text;
    v_stays boolean;
    v_schema name;
    v_name name;
begin
    perform @extschema@._lock_set_gently((p_policy).relation_id, p_partition);
    v_child := @extschema@._qualified_name(p_partition);
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, @extschema@._clock(), (p_run).cutoff) as f;
    select
        p.schema_name, p.table_name, p.lower_literal, p.upper_literal, p.lower_at, p.detach_pending,
        greatest(p.row_estimate::bigint, pg_stat_get_live_tuples(p.relation_id), 0) as row_estimate
    into v_found
    from (
        select m.*, max(m.upper_at) filter (where not m.is_default and not m.detach_pending) over () as newest_at
        from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, v_frame.zone, (p_policy).epoch_unit) as m
    ) as p
    where p.relation_id = p_partition and p.upper_at <= v_frame.cutoff_at and p.upper_at < p.newest_at;
    if not found then
        return 'it is the last one, which stays, or not the partition any more that it was';
    end if;
    select r.rule into v_rule from @extschema@._removal_rule(p_policy) as r;
    v_must_stay := case
        when v_rule.rule = 'bound' and isfinite(v_found.lower_at) then null
        -- Times before all others are never expired.
        when v_rule.rule = 'bound' and (p_policy).time_type in ('integer', 'bigint') then null
        when v_rule.rule = 'bound' then format('%I = ''-infinity''::%s', (p_policy).time_column, (p_policy).time_type)
        when v_rule.rule = 'rows' then format('(%s) is not true', (p_run).predicate)
        when v_rule.rule = 'empty' then 'true'
        else 'true'
    end;
    if v_must_stay is not null then
        if v_rule.rule <> 'bound' and pg_relation_size(p_partition) > 268435456 then
            return format('%s of it are to be looked through; after a VACUUM it may be less', pg_size_pretty(pg_relation_size(p_partition)));
        end if;
        execute format('select exists (select from %s where %s)', v_child, v_must_stay) into v_stays;
        if not v_stays then
            -- Before the parent, so that only writers of this partition wait while it is looked at again.
            perform @extschema@._lock_table(p_partition, 'share');
            execute format('select exists (select from %s where %s)', v_child, v_must_stay) into v_stays;
        end if;
        if v_stays then
            return 'rows of it must stay';
        end if;
    end if;
    if v_found.detach_pending then
        execute format('alter table %s detach partition %s finalize', v_parent, v_child);
    else
        v_default := (select nullif(t.partdefid, 0) from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id);
        perform @extschema@._lock_table((p_policy).relation_id, 'access exclusive');
        if v_default is not null then
            perform @extschema@._lock_table(v_default, 'access exclusive');
        end if;
        perform @extschema@._lock_table(p_partition, 'access exclusive');
        execute format('alter table %s detach partition %s', v_parent, v_child);
    end if;
    v_schema := v_found.schema_name;
    v_name := v_found.table_name;
    if (p_policy).partition_remove = 'move' and v_schema <> (p_policy).detached_schema then
        v_name := @extschema@._unused_name((p_policy).detached_schema, v_name, '');
        if v_name <> v_found.table_name then
            execute format('alter table %s rename to %I', v_child, v_name);
        end if;
        execute format('alter table %I.%I set schema %I', v_schema, v_name, (p_policy).detached_schema);
        v_schema := (p_policy).detached_schema;
    end if;
    insert into @extschema@._detached (
        policy_id, parent_schema, parent_table, relation_id, schema_name, table_name, lower_bound, upper_bound, run_id, drop_after
    )
    values (
        (p_policy).policy_id, (p_policy).schema_name, (p_policy).table_name, p_partition, v_schema, v_name,
        v_found.lower_literal, v_found.upper_literal, (p_run).run_id,
        case (p_policy).partition_remove when 'drop' then @extschema@._clock() else @extschema@._clock() + (p_policy).detached_keep end
    );
    update @extschema@._run as r
    set rows = r.rows + v_found.row_estimate, batches = r.batches + 1, partitions_removed = r.partitions_removed + 1, heartbeat_at = clock_timestamp()
    where r.run_id = (p_run).run_id;
    return null;
end
$$;
comment on function @extschema@._detach_partition(@extschema@._run, @extschema@._policy, oid) is
'Detaches one expired partition, unless rows of it must stay.';
