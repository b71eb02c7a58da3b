-- requires: _require_own_transaction, _cleanup_table, _rotate_begin, _begin_call, _end_call
-- Makes partitions ahead of time and removes expired ones: of one table, or of all whose
-- policy has a partition_interval. Called by pg_cron (one CALL, nothing else), by DBAs
-- and by the command line. One short transaction for each partition, lock_timeout for
-- each lock. A table that fails does not stop the others, and its error comes last.
-- p_detacher: application_name of a session that detaches concurrently (command line).
create or replace procedure @extschema@.rotate(
    p_table regclass default null,
    p_max_duration interval default '30 minutes',
    p_job text default null,
    p_quiet boolean default false,
    p_detacher text default null
)
language plpgsql
as $$
declare
    v_version constant pg_catalog.text := '@version@';
    v_current pg_catalog.bool;
    v_begin pg_catalog.record;
    v_call_id pg_catalog.int8;
    v_policy_id pg_catalog.int8;
    v_lock_timeout_ms pg_catalog.int4;
    v_state pg_catalog.jsonb;
    v_problems pg_catalog.text [];
    v_error pg_catalog.text;
    v_code pg_catalog.text := 'raise_exception';
begin
    if pg_catalog.pg_is_in_recovery() then
        raise exception 'this server is a read-only standby' using errcode = 'read_only_sql_transaction', hint = 'Call rotate on the primary.';
    end if;
    -- For what changes it on the way; see _drive_partman.
    perform pg_catalog.set_config('pytelemetry_db.path', pg_catalog.current_setting('search_path'), false);
    v_current := @extschema@._enter(v_version);
    if v_current then
        call @extschema@._require_own_transaction('rotate');
        call @extschema@._begin_transaction(v_version, 5000);
        v_current := current_setting('pytelemetry_db.current')::boolean;
    end if;
    if not v_current then
        raise notice 'pytelemetry_db was upgraded while this call began; the next one runs the new code';
        return;
    end if;
    v_begin := @extschema@._rotate_begin(p_table, p_max_duration);
    if p_job is not null then
        v_call_id := @extschema@._begin_call(p_job, v_begin.deadline);
        if v_call_id is null then
            raise notice '% has just been done; nothing to do', p_job;
            return;
        end if;
    end if;
    v_lock_timeout_ms := (extract(epoch from @extschema@._get_setting('lock_timeout')::interval) * 1000)::integer;
    foreach v_policy_id in array v_begin.policy_ids loop
        call @extschema@._cleanup_table(
            v_version, v_policy_id, jsonb_strip_nulls(jsonb_build_object('kind', 'rotation', 'detacher', p_detacher)), null, 'infinity', v_begin.deadline, v_lock_timeout_ms
        );
        v_state := current_setting('pytelemetry_db.pass')::jsonb;
        if v_state ->> 'stop' = 'upgraded' then
            raise notice 'pytelemetry_db was upgraded; the next pass runs the new code';
            exit;
        elsif v_state ->> 'stop' in ('running', 'busy') then
            v_state := v_state || jsonb_build_object('text', concat_ws(', ', (v_state ->> 'table') || ': another session is at work on it; nothing to do here', v_state ->> 'detail'));
        elsif v_state ->> 'stop' = 'closed' then
            v_state := v_state || jsonb_build_object('text', format('%s: not now, its hours are %s', v_state ->> 'table', v_state ->> 'detail'));
        end if;
        if not p_quiet and v_state ? 'text' then
            raise notice '%', v_state ->> 'text';
        end if;
        if v_state ->> 'stop' in ('failed', 'locked', 'suspended') or v_state ? 'cancelled' then
            v_problems := v_problems || (v_state ->> 'text');
        end if;
        -- A request to stop, or to cancel, means all of it.
        exit when v_state ? 'cancelled' or v_state ? 'stopped';
    end loop;
    if v_state ? 'cancelled' then
        v_code := 'query_canceled';
        v_error := format('rotate was cancelled: %s', v_problems[cardinality(v_problems)]);
    elsif v_problems is not null then
        v_error := format(
            'rotate: %s of %s tables did not finish: %s', cardinality(v_problems), cardinality(v_begin.policy_ids),
            array_to_string(v_problems, '; ')
        );
    end if;
    if v_state ->> 'stop' is distinct from 'upgraded' then
        perform @extschema@._end_call(
            v_call_id, case when v_state ? 'cancelled' or v_state ? 'stopped' then 'interrupted' when v_problems is null then 'done' else 'failed' end, v_error
        );
        delete from @extschema@._stop_request as s where s.pid = pg_backend_pid();
    end if;
    commit;
    -- The pinned path went with the transaction: no operator from here on.
    if v_error is not null then
        raise exception '%', v_error using errcode = v_code, hint = 'The view runs has every pass with its error.';
    end if;
end
$$;
comment on procedure @extschema@.rotate (regclass, interval, text, boolean, text) is
'Makes partitions ahead of time and removes expired ones, of one table or of all whose policy says so.';
