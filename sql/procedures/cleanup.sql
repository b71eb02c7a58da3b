-- requires: _require_own_transaction, _cleanup_table, _cleanup_begin, _begin_call, _end_call
-- Removes expired rows in committed batches: of one table, or of all that have
-- a policy. Called by pg_cron (one CALL, nothing else), by DBAs and by the
-- command line. Takes row locks and ROW EXCLUSIVE on the table, for one batch
-- at a time. Tables take turns, so that a big one does not eat the time of the
-- others; one that fails does not stop them, and its error comes last.
create or replace procedure @extschema@.cleanup(
    p_table regclass default null,
    p_max_duration interval default '1 hour',
    p_keep interval default null,
    p_batch_rows integer default null,
    p_yes boolean default false,
    p_job text default null,
    p_quiet boolean default false,
    p_duty text default null
)
language plpgsql
as $$
declare
    v_version constant pg_catalog.text := '@version@';
    v_current pg_catalog.bool;
    v_begin pg_catalog.record;
    v_call_id bigint;
    v_waiting pg_catalog.int8 [];
    v_wish pg_catalog.jsonb;
    v_states pg_catalog.jsonb;
    v_policy_id bigint;
    v_lock_timeout_ms integer;
    v_state pg_catalog.jsonb;
    v_end pg_catalog.jsonb;
    v_problems pg_catalog.text [];
    v_problem pg_catalog.text;
    v_error pg_catalog.text;
    v_code pg_catalog.text := 'raise_exception';
begin
    if pg_catalog.pg_is_in_recovery() then
        raise exception 'this server is a read-only standby' using errcode = 'read_only_sql_transaction', hint = 'Call cleanup on the primary.';
    end if;
    v_current := @extschema@._enter(v_version);
    if v_current then
        call @extschema@._require_own_transaction('cleanup');
        call @extschema@._begin_transaction(v_version, 5000);
        v_current := current_setting('pytelemetry_db.current')::boolean;
    end if;
    if not v_current then
        raise notice 'pytelemetry_db was upgraded while this call began; the next one runs the new code';
        return;
    end if;
    v_begin := @extschema@._cleanup_begin(p_table, p_max_duration, p_keep, p_batch_rows, p_yes, p_duty);
    if p_job is not null then
        v_call_id := @extschema@._begin_call(p_job, v_begin.deadline);
        if v_call_id is null then
            raise notice '% has just been done; nothing to do', p_job;
            return;
        end if;
    end if;
    v_lock_timeout_ms := (extract(epoch from @extschema@._get_setting('lock_timeout')::interval) * 1000)::integer;
    v_wish := jsonb_build_object('keep', p_keep, 'batch_rows', p_batch_rows, 'duty', p_duty);
    v_states := jsonb_build_object();
    v_waiting := v_begin.policy_ids;
    while cardinality(v_waiting) > 0 loop
        v_policy_id := v_waiting[1];
        v_waiting := v_waiting[2:];
        -- A pass that was under way when another one was stopped or cancelled ends as well.
        continue when v_end is not null and not v_states ? v_policy_id::text;
        call @extschema@._cleanup_table(
            v_version, v_policy_id, v_wish, (v_states -> v_policy_id::text) || coalesce(v_end, '{}'),
            case when cardinality(v_waiting) = 0 then 'infinity' else clock_timestamp() + interval '10 s' end,
            v_begin.deadline, v_lock_timeout_ms
        );
        v_state := current_setting('pytelemetry_db.pass')::jsonb;
        if v_state ->> 'stop' = 'upgraded' then
            raise notice 'pytelemetry_db was upgraded; the next pass runs the new code';
            exit;
        elsif v_state ->> 'stop' is null then
            v_waiting := v_waiting || v_policy_id;
            v_states := v_states || jsonb_build_object(v_policy_id, v_state);
            continue;
        elsif v_state ->> 'stop' in ('running', 'busy') then
            v_state := v_state || jsonb_build_object('text', concat_ws(', ', (v_state ->> 'table') || ': another session is at work on it; nothing to do here', v_state ->> 'detail'));
        end if;
        if v_state ->> 'stop' = 'closed' then
            v_state := v_state || jsonb_build_object('text', format('%s: not now, its hours are %s', v_state ->> 'table', v_state ->> 'detail'));
        end if;
        if not p_quiet and v_state ? 'text' then
            raise notice '%', v_state ->> 'text';
        end if;
        if v_state ->> 'stop' in ('failed', 'locked', 'suspended') or v_state ? 'cancelled' then
            v_problems := v_problems || (v_state ->> 'text');
        end if;
        if v_end is null and (v_state ? 'cancelled' or v_state ? 'stopped') then
            v_end := '{"stop": "interrupted"}' || jsonb_build_object(
                case when v_state ? 'cancelled' then 'cancelled' else 'stopped' end, true, 'detail', 'ended together with the pass of another table'
            );
            v_problem := v_problems[cardinality(v_problems)];
        end if;
    end loop;
    if v_end ? 'cancelled' then
        v_code := 'query_canceled';
        v_error := format('cleanup was cancelled: %s', v_problem);
    elsif v_problems is not null then
        v_error := format(
            'cleanup: %s of %s tables did not finish: %s', cardinality(v_problems), cardinality(v_begin.policy_ids),
            array_to_string(v_problems, '; ')
        );
    end if;
    if v_state ->> 'stop' is distinct from 'upgraded' then
        perform @extschema@._end_call(v_call_id, case when v_end is not null then 'interrupted' when v_problems is null then 'done' else 'failed' end, v_error);
        perform @extschema@._prune_runs();
        delete from @extschema@._stop_request as s where s.pid = pg_backend_pid();
    end if;
    commit;
    -- The pinned path went with the transaction: no operator from here on.
    if v_error is not null then
        raise exception '%', v_error using errcode = v_code, hint = 'The view runs has every pass with its error.';
    end if;
end
$$;
comment on procedure @extschema@.cleanup (regclass, interval, interval, integer, boolean, text, boolean, text) is
'Removes expired rows in committed batches, of one table or of all that have a policy.';
