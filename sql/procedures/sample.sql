-- requires: _require_own_transaction, _begin_transaction, _sample_table, _thin_samples, _begin_call, _end_call
-- Measures every managed table, or one, and writes it down: what debt, verdicts
-- and forecasts are made from. Called by pg_cron and by DBAs. One short
-- transaction per table, ACCESS SHARE on it, lock_timeout for each lock; a table
-- that cannot be measured is a WARNING and a sample that says why.
create or replace procedure @extschema@.sample(
    p_table regclass default null,
    p_job text default null,
    p_quiet boolean default false
)
language plpgsql
as $$
declare
    v_version constant pg_catalog.text := '@version@';
    v_current pg_catalog.bool;
    v_call_id pg_catalog.int8;
    v_policy_ids pg_catalog.int8 [];
    v_policy_id pg_catalog.int8;
    v_lock_timeout_ms pg_catalog.int4;
    v_problem pg_catalog.text;
    v_problems pg_catalog.text [];
begin
    if pg_catalog.pg_is_in_recovery() then
        raise exception 'this server is a read-only standby' using errcode = 'read_only_sql_transaction', hint = 'Call sample on the primary.';
    end if;
    v_current := @extschema@._enter(v_version);
    if v_current then
        call @extschema@._require_own_transaction('sample');
        call @extschema@._begin_transaction(v_version, 5000);
        v_current := current_setting('pytelemetry_db.current')::boolean;
    end if;
    if not v_current then
        raise notice 'pytelemetry_db was upgraded while this call began; the next one runs the new code';
        return;
    end if;
    if p_table is null then
        v_policy_ids := array(select p.policy_id from @extschema@._policy as p order by p.policy_id);
    else
        v_policy_ids := array[(@extschema@._find_policy(p_table)).policy_id];
    end if;
    v_lock_timeout_ms := (extract(epoch from @extschema@._get_setting('lock_timeout')::interval) * 1000)::integer;
    if p_job is not null then
        v_call_id := @extschema@._begin_call(p_job, clock_timestamp() + interval '10 minutes');
        if v_call_id is null then
            return;
        end if;
    end if;
    foreach v_policy_id in array v_policy_ids loop
        call @extschema@._begin_transaction(v_version, v_lock_timeout_ms);
        if not current_setting('pytelemetry_db.current')::boolean then
            -- The next one runs the new code.
            return;
        end if;
        v_problem := @extschema@._sample_table(v_policy_id);
        if v_problem is not null then
            v_problems := v_problems || v_problem;
            if not p_quiet then
                raise warning '%', v_problem;
            end if;
        end if;
    end loop;
    call @extschema@._begin_transaction(v_version, 5000);
    if current_setting('pytelemetry_db.current')::boolean then
        perform @extschema@._thin_samples();
        perform @extschema@._end_call(v_call_id, 'done', array_to_string(v_problems, '; '));
    end if;
    commit;
end
$$;
comment on procedure @extschema@.sample (regclass, text, boolean) is
'Measures every managed table and writes it down, one short transaction for each.';
