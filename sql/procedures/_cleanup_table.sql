-- requires: _begin_transaction, _start_run, _step, _finish_run, _analyze_after, _run_text
-- The pass of one policy: thin, because it commits. Every transaction calls one
-- function that does the work; waiting is cut into slices with a COMMIT after
-- each, because a sleeping statement would hold the xmin horizon.
create or replace procedure @extschema@._cleanup_table(
    p_policy_id bigint,
    p_deadline timestamptz,
    p_keep interval,
    p_batch_rows integer,
    p_lock_timeout_ms integer,
    inout p_state jsonb
)
language plpgsql
as $$
declare
    v_run_id bigint;
begin
    call @extschema@._begin_transaction(p_lock_timeout_ms);
    p_state := @extschema@._start_run(p_policy_id, p_deadline, p_keep, p_batch_rows);
    v_run_id := (p_state ->> 'run_id')::bigint;
    if v_run_id is null then
        return;
    end if;
    while p_state ->> 'stop' is null loop
        call @extschema@._begin_transaction(p_lock_timeout_ms);
        p_state := @extschema@._step(v_run_id, p_state, p_deadline);
    end loop;
    call @extschema@._begin_transaction(p_lock_timeout_ms);
    perform @extschema@._finish_run(v_run_id, p_state);
    call @extschema@._begin_transaction(5000);
    perform @extschema@._analyze_after(v_run_id);
    call @extschema@._begin_transaction(p_lock_timeout_ms);
    p_state := p_state || pg_catalog.jsonb_build_object('text', @extschema@._run_text(v_run_id));
end
$$;
comment on procedure @extschema@._cleanup_table (bigint, timestamptz, interval, integer, integer, jsonb) is
'The pass of one policy.';
