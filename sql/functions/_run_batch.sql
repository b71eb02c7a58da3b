-- requires: _batch_stop, _next_leaf, _delete_batch, _binding_guard
-- One batch of a pass, in one transaction: locks, checks, at most one DELETE, and
-- its line in the ledger. p_state is what the last step returned: where the
-- scan stands (leaf, after, kept), the sweep, the size of the next batch, how
-- often a lock was missed; "stop" ends the pass, "wait" asks for a pause in ms.
create or replace function @extschema@._run_batch(p_run_id bigint, p_state jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_stop jsonb;
    v_leaf record;
    v_batch record;
    v_begun timestamptz := clock_timestamp();
    v_limit integer;
    v_context text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    v_limit := coalesce((p_state ->> 'limit')::integer, v_run.batch_rows);
    p_state := p_state - 'wait';
    perform set_config('application_name', @extschema@._live_text(v_run), true);
    begin
        v_stop := @extschema@._batch_stop(p_run_id);
        if v_stop is not null then
            return p_state || v_stop;
        end if;
        select n.leaf_oid, n.leaf_name into v_leaf
        from @extschema@._next_leaf(v_run.relation_id, coalesce((p_state ->> 'leaf')::oid, 0)) as n;
        if v_leaf.leaf_oid is null then
            return @extschema@._end_sweep(p_state, v_run.batch_rows);
        end if;
        -- Now that nobody can change the table: is the column still what the predicate was written for?
        if not exists (
            select from @extschema@._policy as p
            where p.policy_id = v_run.policy_id and @extschema@._time_type(v_leaf.leaf_oid, p.time_column) = p.time_type
        ) then
            raise exception 'the time column of % changed while it was locked', v_leaf.leaf_name using errcode = 'lock_not_available';
        end if;
        if v_leaf.leaf_oid is distinct from (p_state ->> 'leaf')::oid then
            p_state := p_state - 'after' - 'kept';
        end if;
        select b.* into v_batch
        from @extschema@._policy as p
        cross join lateral @extschema@._delete_batch(
            v_leaf.leaf_oid, v_leaf.leaf_name, p.time_column, p.time_type, v_run.predicate,
            p_state ->> 'after', coalesce((p_state ->> 'kept')::integer, 0), v_limit
        ) as b
        where p.policy_id = v_run.policy_id;
    exception
        when lock_not_available or deadlock_detected or serialization_failure then
            return @extschema@._missed_lock(p_state, v_limit, sqlstate, sqlerrm);
        when query_canceled then
            -- See _step.
            perform pg_sleep(0.1);
            raise;
        when others then
            get stacked diagnostics v_context = pg_exception_context;
            if exists (select from @extschema@._binding_guard(v_run.policy_id)) then
                -- The table changed under the batch: the next attempt ends the pass with that reason.
                return @extschema@._missed_lock(p_state, v_limit, sqlstate, sqlerrm);
            end if;
            return p_state || jsonb_build_object('stop', 'failed', 'sqlstate', sqlstate, 'message', sqlerrm, 'context', v_context);
    end;
    perform @extschema@._log_batch(p_run_id, v_batch.deleted, v_batch.wal_bytes, v_begun);
    return jsonb_build_object(
        'run_id', p_run_id,
        'sweep', coalesce((p_state ->> 'sweep')::integer, 1),
        'sweep_rows', coalesce((p_state ->> 'sweep_rows')::bigint, 0) + v_batch.deleted,
        'leaf', case when v_batch.exhausted then v_leaf.leaf_oid::bigint + 1 else v_leaf.leaf_oid::bigint end,
        'after', case when not v_batch.exhausted then v_batch.next_after end,
        'kept', v_batch.next_kept,
        'limit', least(v_limit * 2, v_run.batch_rows)
    );
end
$$;
comment on function @extschema@._run_batch(bigint, jsonb) is
'One batch of a pass: locks, checks, at most one DELETE, and its line in the ledger.';
