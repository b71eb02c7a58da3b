-- requires: _batch_stop, _next_leaf, _enter_leaf, _leaf_batch, _end_sweep, _binding_guard
-- requires: _rotate_batch
-- requires: _next_pace, _blocked_count, _save_watermark, _missed_lock, _log_batch, _gate_state, _wait_at_gate
-- requires: _failed_state
-- One batch of a pass, in one transaction: locks, checks, at most one DELETE, and
-- its line in the ledger. p_state is what the last step returned: where the scan
-- stands (leaf, mode, after or page), the sweep, the pace, how often a lock was
-- missed; "stop" ends the pass, "wait" asks for a pause in ms.
create or replace function @extschema@._run_batch(p_run_id bigint, p_state jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_policy @extschema@._policy;
    v_stop jsonb;
    v_leaf_oid oid;
    v_leaf_name text;
    v_begun timestamptz := clock_timestamp();
    v_blocked integer;
    v_context text;
    v_hint text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    p_state := p_state - array['wait', 'deleted', 'wal_bytes', 'skipped', 'begun_at'];
    perform set_config('application_name', @extschema@._live_text(v_run), true);
    begin
        v_stop := @extschema@._batch_stop(p_run_id);
        if v_stop is not null then
            return p_state || v_stop || case
                when v_stop ->> 'stop' = 'deadline' and p_state #> '{gates,gate}' is not null
                    then jsonb_build_object('stop', 'gated', 'detail', p_state #>> '{gates,waiting_for}')
                else '{}'
            end;
        end if;
        select p.* into strict v_policy from @extschema@._policy as p where p.policy_id = v_run.policy_id;
        if v_run.kind = 'rotation' then
            -- No gate: it writes little, and partitions that are not there in time are worse.
            return @extschema@._rotate_batch(v_run, v_policy, p_state);
        end if;
        p_state := p_state || jsonb_build_object('gates', @extschema@._gate_state(v_run.relation_id, p_state));
        if p_state #> '{gates,gate}' is not null then
            perform @extschema@._wait_at_gate(v_run, p_state);
            return p_state || '{"wait": 1000}';
        end if;
        if not v_policy.synchronous_commit then
            perform set_config('synchronous_commit', 'off', true);
        end if;
        if not p_state ? 'rotated' and v_policy.partition_interval is not null then
            return @extschema@._rotate_batch(v_run, v_policy, p_state);
        end if;
        select n.leaf_oid, n.leaf_name into v_leaf_oid, v_leaf_name
        from @extschema@._next_leaf(v_run.relation_id, coalesce((p_state ->> 'leaf')::oid, 0)) as n;
        if v_leaf_oid is null then
            return @extschema@._end_sweep(v_run.relation_id, p_state, v_run.batch_rows);
        end if;
        -- Now that nobody can change the table: is the column still what the predicate was written for?
        if @extschema@._time_type(v_leaf_oid, v_policy.time_column) is distinct from v_policy.time_type then
            raise exception 'the time column of % changed while it was locked', v_leaf_name using errcode = 'lock_not_available';
        end if;
        if not p_state ? 'mode' or v_leaf_oid is distinct from (p_state ->> 'leaf')::oid then
            p_state := @extschema@._enter_leaf(v_run, v_policy, v_leaf_oid, p_state);
        end if;
        p_state := @extschema@._leaf_batch(v_policy, v_run.predicate, v_leaf_oid, v_leaf_name, p_state);
        -- What is deferred would fail at our COMMIT, where nothing can catch it, and end the passes of all tables.
        set constraints all immediate;
        v_blocked := @extschema@._blocked_count();
    exception
        when sqlstate 'PT001' then
            if p_state ->> 'mode' = 'range' then
                -- The index is gone, or the planner will not have it: go by pages, which needs none.
                return p_state || '{"mode": "pages"}';
            end if;
            return p_state || jsonb_build_object('stop', 'failed', 'sqlstate', sqlstate, 'message', sqlerrm);
        when lock_not_available or deadlock_detected or serialization_failure then
            return @extschema@._missed_lock(p_state, v_leaf_oid, sqlstate, sqlerrm);
        when query_canceled then
            -- See _step.
            perform pg_sleep(0.1);
            raise;
        when others then
            get stacked diagnostics v_context = pg_exception_context, v_hint = pg_exception_hint;
            if exists (select from @extschema@._binding_guard(v_run.policy_id)) then
                -- The table changed under the batch: the next attempt ends the pass with that reason.
                return @extschema@._missed_lock(p_state, null, sqlstate, sqlerrm);
            end if;
            return p_state || @extschema@._failed_state(sqlstate, sqlerrm, v_hint, v_context);
    end;
    p_state := (p_state - array['missed', 'skips'])
        || jsonb_build_object(
            'sweep_rows', coalesce((p_state ->> 'sweep_rows')::bigint, 0) + (p_state ->> 'deleted')::bigint,
            'sweep_skipped', coalesce((p_state ->> 'sweep_skipped')::bigint, 0) + (p_state ->> 'skipped')::bigint
        )
        || @extschema@._next_pace(
            p_state, v_run.batch_rows, (p_state ->> 'deleted')::bigint, (p_state ->> 'wal_bytes')::numeric,
            extract(epoch from clock_timestamp() - (p_state ->> 'begun_at')::timestamptz)::double precision * 1000,
            extract(epoch from clock_timestamp() - v_begun)::double precision * 1000, v_blocked
        );
    perform @extschema@._log_batch(p_run_id, (p_state ->> 'deleted')::bigint, (p_state ->> 'wal_bytes')::numeric, v_blocked, v_begun);
    perform @extschema@._save_watermark(v_run, v_policy, p_state);
    return p_state;
end
$$;
comment on function @extschema@._run_batch(bigint, jsonb) is
'One batch of a pass: locks, checks, at most one DELETE, and its line in the ledger.';
