-- requires: _lock_set_gently, _lock_table, _expired_partition, _removal_rule, _enter_detached, _clock
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
    v_must_stay text;
    v_stays boolean;
begin
    perform @extschema@._lock_set_gently((p_policy).relation_id, p_partition);
    v_child := @extschema@._qualified_name(p_partition);
    select e.* into v_found from @extschema@._expired_partition(p_run, p_policy, p_partition) as e;
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
        begin
            execute format('alter table %s detach partition %s finalize', v_parent, v_child);
        exception
            when lock_not_available then
                -- It waits for every transaction that may still see the partition in its table.
                raise exception '% is half detached, and a transaction from before still runs', v_child
                    using errcode = 'lock_not_available', schema = v_found.schema_name, table = v_found.table_name;
        end;
    else
        v_default := (select nullif(t.partdefid, 0) from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id);
        perform @extschema@._lock_table((p_policy).relation_id, 'access exclusive');
        if v_default is not null then
            perform @extschema@._lock_table(v_default, 'access exclusive');
        end if;
        perform @extschema@._lock_table(p_partition, 'access exclusive');
        execute format('alter table %s detach partition %s', v_parent, v_child);
    end if;
    perform @extschema@._enter_detached(
        p_run, p_policy, p_partition, v_found.lower_literal, v_found.upper_literal, v_found.row_estimate,
        case (p_policy).partition_remove when 'drop' then @extschema@._clock() else @extschema@._clock() + (p_policy).detached_keep end
    );
    return null;
end
$$;
comment on function @extschema@._detach_partition(@extschema@._run, @extschema@._policy, oid) is
'Detaches one expired partition, unless rows of it must stay.';
