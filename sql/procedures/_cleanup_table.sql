-- requires: _begin_transaction, _renew_heartbeats, _start_run, _step, _finish_run, _analyze_after, _run_text
-- One turn of a pass, until p_until: thin, because it commits. Waiting is cut into
-- slices with a COMMIT after each, because a sleeping statement would hold the
-- xmin horizon. After an upgrade it calls nothing any more: what it knows of may
-- be gone, itself too; so its state goes into the setting pytelemetry_db.pass, not
-- into an INOUT. p_state is what the turn before left, p_wish the caller's arguments.
create or replace procedure @extschema@._cleanup_table(
    p_version text,
    p_policy_id bigint,
    p_wish jsonb,
    p_state jsonb,
    p_until timestamptz,
    p_deadline timestamptz,
    p_lock_timeout_ms integer
)
language plpgsql
as $$
declare
    v_state jsonb := p_state;
    v_run_id bigint;
    v_upgraded constant text := '{"stop": "upgraded"}';
begin
    call @extschema@._begin_transaction(p_version, p_lock_timeout_ms);
    if not current_setting('pytelemetry_db.current')::boolean then
        perform set_config('pytelemetry_db.pass', v_upgraded, true);
        return;
    end if;
    perform @extschema@._renew_heartbeats();
    if v_state is null then
        v_state := @extschema@._start_run(
            p_policy_id, p_deadline, (p_wish ->> 'keep')::interval, (p_wish ->> 'batch_rows')::integer, p_wish ->> 'duty',
            coalesce(p_wish ->> 'kind', 'cleanup')
        ) || case when p_wish ? 'detacher' then pg_catalog.jsonb_build_object('detacher', p_wish ->> 'detacher') else '{}' end;
    end if;
    v_run_id := (v_state ->> 'run_id')::bigint;
    while v_run_id is not null and v_state ->> 'stop' is null and clock_timestamp() < p_until loop
        call @extschema@._begin_transaction(p_version, p_lock_timeout_ms);
        exit when not current_setting('pytelemetry_db.current')::boolean;
        v_state := @extschema@._step(v_run_id, v_state, p_deadline);
    end loop;
    if current_setting('pytelemetry_db.current')::boolean and (v_run_id is null or v_state ->> 'stop' is null) then
        -- Nothing to do, or others are waiting for their turn.
        perform set_config('pytelemetry_db.pass', v_state::text, true);
        return;
    end if;
    if current_setting('pytelemetry_db.current')::boolean then
        call @extschema@._begin_transaction(p_version, p_lock_timeout_ms);
    end if;
    if current_setting('pytelemetry_db.current')::boolean then
        perform @extschema@._finish_run(v_run_id, v_state);
        call @extschema@._begin_transaction(p_version, greatest(p_lock_timeout_ms, 5000));
    end if;
    if current_setting('pytelemetry_db.current')::boolean then
        perform @extschema@._analyze_after(v_run_id);
        call @extschema@._begin_transaction(p_version, p_lock_timeout_ms);
    end if;
    if current_setting('pytelemetry_db.current')::boolean then
        v_state := (v_state - 'set') || pg_catalog.jsonb_build_object('text', @extschema@._run_text(v_run_id));
        perform set_config('pytelemetry_db.pass', v_state::text, true);
    else
        perform set_config('pytelemetry_db.pass', v_upgraded, true);
    end if;
end
$$;
comment on procedure @extschema@._cleanup_table (text, bigint, jsonb, jsonb, timestamptz, timestamptz, integer) is
'One turn of the pass of one policy.';
