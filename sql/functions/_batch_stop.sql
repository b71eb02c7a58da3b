-- requires: _suspension, _is_open
-- Must the pass stop before its next batch? Takes the table's lock and looks
-- again at everything that may have changed since the last batch. Null: go on,
-- the lock is held.
create or replace function @extschema@._batch_stop(p_run_id bigint)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_policy @extschema@._policy;
    v_suspension record;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    if not pg_try_advisory_xact_lock(@extschema@._table_key(v_run.relation_id)) then
        raise exception 'the lock of the policy is held' using errcode = 'lock_not_available';
    end if;
    -- Read again under the lock: nobody can change the policy from here on.
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    if v_run.stop_reason is not null then
        return jsonb_build_object('stop', 'interrupted', 'lost', true);
    end if;
    if exists (select from @extschema@._stop_request as s where s.pid = pg_backend_pid()) then
        return jsonb_build_object('stop', 'interrupted', 'stopped', true, 'detail', 'asked to stop');
    end if;
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = v_run.policy_id;
    if not found then
        return jsonb_build_object('stop', 'interrupted', 'detail', 'the policy was dropped');
    end if;
    if v_policy.paused_at is not null then
        return jsonb_build_object('stop', 'paused', 'detail', @extschema@._pause_text(v_policy));
    end if;
    if v_policy.epoch <> v_run.epoch then
        return jsonb_build_object('stop', 'interrupted', 'detail', 'the policy was changed; the next pass follows the new one');
    end if;
    select s.detail, s.fix into v_suspension from @extschema@._suspension(v_policy.policy_id) as s order by s.guard desc limit 1;
    if found then
        return jsonb_build_object('stop', 'suspended', 'detail', v_suspension.detail, 'fix', v_suspension.fix);
    end if;
    if not @extschema@._is_open(v_policy.hours, v_policy.time_zone, clock_timestamp()) then
        return jsonb_build_object('stop', 'deadline', 'detail', format('its hours are over: %s in %s', v_policy.hours, v_policy.time_zone));
    end if;
    if clock_timestamp() >= v_run.deadline then
        return jsonb_build_object('stop', 'deadline');
    end if;
    return null;
end
$$;
comment on function @extschema@._batch_stop(bigint) is
'Takes the lock of a batch; returns why the pass must stop, or null.';
