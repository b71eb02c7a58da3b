-- requires: _rotation_refusal, _owner_refusal
-- requires: _judge, _run_alive, _count_expired, _preflight, _suspension, _first_state, _from_start, _is_open
-- requires: _failed_state, _partition_set, _cutoff
-- Opens the ledger row of a pass, with the cutoff fixed and the predicate
-- built. Returns the state of the scan: run_id, and "stop" when the pass is
-- over before it began. "running": another pass is at work, no row is written.
create or replace function @extschema@._start_run(
    p_policy_id bigint,
    p_deadline timestamptz,
    p_keep interval,
    p_batch_rows integer,
    p_duty text,
    p_kind text default 'cleanup'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_old @extschema@._run;
    v_run_id bigint;
    v_stop jsonb;
    v_failed jsonb;
    v_state jsonb;
    v_found @extschema@._suspended;
    v_context text;
    v_hint text;
begin
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = p_policy_id;
    if not found then
        return jsonb_build_object('stop', 'gone');
    end if;
    if not pg_try_advisory_xact_lock(@extschema@._table_key(v_policy.relation_id)) then
        return jsonb_build_object('stop', 'busy', 'table', format('%I.%I', v_policy.schema_name, v_policy.table_name));
    end if;
    for v_old in
        select r.* from @extschema@._run as r where r.policy_id = p_policy_id and r.stop_reason is null
    loop
        if @extschema@._run_alive(v_old.pid, v_old.backend_start, v_old.started_at, v_old.heartbeat_at) then
            return jsonb_build_object(
                'stop', 'running', 'table', format('%I.%I', v_policy.schema_name, v_policy.table_name),
                'detail', format('run %s by pid %s since %s', v_old.run_id, v_old.pid, v_old.started_at)
            );
        end if;
        update @extschema@._run as r
        set
            stop_reason = 'interrupted', finished_at = r.heartbeat_at,
            detail = 'its session ended without finishing it; found by the next pass'
        where r.run_id = v_old.run_id;
    end loop;
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = p_policy_id;
    if not found then
        return jsonb_build_object('stop', 'gone');
    end if;
    if not @extschema@._is_open(v_policy.hours, v_policy.time_zone, clock_timestamp()) then
        return jsonb_build_object('stop', 'closed', 'table', format('%I.%I', v_policy.schema_name, v_policy.table_name), 'detail', format('%s in %s', v_policy.hours, v_policy.time_zone));
    end if;
    v_state := case p_kind when 'rotation' then '{}' else @extschema@._first_state(v_policy, p_batch_rows, p_duty) end;
    begin
        v_state := v_state || jsonb_strip_nulls(jsonb_build_object(
            'set', @extschema@._partition_set(v_policy, @extschema@._clock(), @extschema@._cutoff(coalesce(p_keep, v_policy.keep), v_policy.time_zone, @extschema@._clock()))
        ));
    exception
        when data_exception then
            -- A bound that is no time of this world: this pass fails, and not those of other tables.
            v_failed := @extschema@._failed_state(sqlstate, sqlerrm, null, null);
    end;
    v_run_id := @extschema@._insert_run(v_policy, p_deadline, p_keep, p_batch_rows, v_state, p_kind);
    if v_failed is not null then
        return v_state || v_failed || jsonb_build_object('run_id', v_run_id);
    end if;
    begin
        -- Judged again by every pass: what was found before is history.
        delete from @extschema@._suspended as s where s.policy_id = p_policy_id returning s.* into v_found;
        v_stop := case
            when p_kind <> 'rotation' then @extschema@._refusal(v_policy)
            else coalesce(@extschema@._rotation_refusal(v_policy), case when v_policy.managed_by <> 'us' then @extschema@._owner_refusal(v_policy) end)
        end;
        if v_stop is not null and v_found.policy_id is not null then
            insert into @extschema@._suspended select v_found.*;
        end if;
        if p_kind = 'rotation' then
            -- Partitions are made whatever the guards say; they are asked before the first one goes.
            v_state := v_state || jsonb_build_object('since', v_found.since);
        elsif v_stop is null then
            update @extschema@._run as r
            set rows_before = c.counted, rows_before_exact = c.exact
            from @extschema@._run as o
            cross join @extschema@._count_expired(o.relation_id, @extschema@._from_start(v_policy, v_state, o.predicate), 100000) as c
            where o.run_id = v_run_id and r.run_id = v_run_id;
            v_stop := @extschema@._judge(v_policy, v_run_id, v_found.since);
        end if;
    exception
        when lock_not_available or deadlock_detected or serialization_failure then
            -- Only the total of the progress bar is missing; the batches retry.
            v_stop := null;
        when others then
            get stacked diagnostics v_context = pg_exception_context, v_hint = pg_exception_hint;
            v_stop := @extschema@._failed_state(sqlstate, sqlerrm, v_hint, v_context);
    end;
    return v_state || coalesce(v_stop, '{}') || jsonb_build_object('run_id', v_run_id);
end
$$;
comment on function @extschema@._start_run(bigint, timestamptz, interval, integer, text, text) is
'Opens the ledger row of a pass and returns the state of its scan.';
