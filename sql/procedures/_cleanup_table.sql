-- requires: _begin_transaction, _start_run, _run_batch, _finish_run, _analyze_after, _run_text
-- The pass of one policy: thin, because it commits. Every transaction calls one
-- function that does the work; waiting is cut into slices with a COMMIT after
-- each, because a sleeping statement would hold the xmin horizon. After an
-- upgrade it calls nothing any more: what it knows of may be gone.
create or replace procedure @extschema@._cleanup_table(
    p_version text,
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
    v_wait integer;
    v_current boolean;
begin
    call @extschema@._begin_transaction(p_version, p_lock_timeout_ms, v_current);
    if not v_current then
        p_state := '{"stop": "upgraded"}';
        return;
    end if;
    p_state := @extschema@._start_run(p_policy_id, p_deadline, p_keep, p_batch_rows);
    v_run_id := (p_state ->> 'run_id')::bigint;
    if v_run_id is null then
        return;
    end if;
    while p_state ->> 'stop' is null loop
        call @extschema@._begin_transaction(p_version, p_lock_timeout_ms, v_current);
        if not v_current then
            p_state := '{"stop": "upgraded"}';
            return;
        end if;
        p_state := @extschema@._run_batch(v_run_id, p_state);
        v_wait := (p_state ->> 'wait')::integer;
        while v_wait > 0 and v_current loop
            call @extschema@._begin_transaction(p_version, p_lock_timeout_ms, v_current);
            perform pg_sleep(0.1);
            v_wait := v_wait - 100;
        end loop;
        if not v_current then
            p_state := '{"stop": "upgraded"}';
            return;
        end if;
    end loop;
    call @extschema@._begin_transaction(p_version, p_lock_timeout_ms, v_current);
    if v_current then
        perform @extschema@._finish_run(v_run_id, p_state);
        call @extschema@._begin_transaction(p_version, 5000, v_current);
    end if;
    if v_current then
        perform @extschema@._analyze_after(v_run_id);
        call @extschema@._begin_transaction(p_version, p_lock_timeout_ms, v_current);
    end if;
    if v_current then
        p_state := p_state || pg_catalog.jsonb_build_object('text', @extschema@._run_text(v_run_id));
    else
        p_state := '{"stop": "upgraded"}';
    end if;
end
$$;
comment on procedure @extschema@._cleanup_table (text, bigint, timestamptz, interval, integer, integer, jsonb) is
'The pass of one policy.';
