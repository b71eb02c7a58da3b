-- requires: _count_debt, _binding_guard, _save_watermark, _end_proof, _note_set
-- Closes the ledger row of a pass with what is left to do, which nobody knows
-- when the policy is not bound to its table. A run that another pass took over
-- was closed by it and is not touched.
create or replace function @extschema@._finish_run(p_run_id bigint, p_state jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_policy @extschema@._policy;
    v_debt record;
    v_uncounted text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    begin
        select p.* into v_policy
        from @extschema@._policy as p
        inner join pg_class as t on t.oid = p.relation_id
        where p.policy_id = v_run.policy_id and p.relation_id = v_run.relation_id
            and not exists (select from @extschema@._binding_guard(v_run.policy_id));
        if found then
            if p_state ? 'proof' then
                perform @extschema@._end_proof(v_policy);
            end if;
            if not v_run.keep_override then
                perform @extschema@._note_set(v_policy.policy_id, p_state);
            end if;
            select c.counted, c.exact into v_debt from @extschema@._count_debt(v_run, v_policy, p_state) as c;
            if v_run.stop_reason is null and v_policy.epoch = v_run.epoch and v_run.kind = 'cleanup' then
                perform @extschema@._save_watermark(v_run, v_policy, p_state, v_debt.counted);
            end if;
        else
            select null::bigint as counted, null::boolean as exact into v_debt;
        end if;
    exception
        when others then
            -- The pass already has its reason; an unknown debt is told as unknown.
            select null::bigint as counted, null::boolean as exact into v_debt;
            v_uncounted := format('The debt could not be counted: %s (SQLSTATE %s).', sqlerrm, sqlstate);
    end;
    update @extschema@._run as r
    set
        gated = r.gated + case when r.waiting_for is null then interval '0 s' else clock_timestamp() - r.heartbeat_at end,
        waiting_for = null, stop_reason = p_state ->> 'stop', finished_at = clock_timestamp(), heartbeat_at = clock_timestamp(),
        detail = concat_ws(' ', concat_ws('. ', p_state ->> 'detail', 'Fix: ' || (p_state ->> 'fix')), v_uncounted),
        debt_rows = v_debt.counted, debt_exact = v_debt.exact,
        error_sqlstate = p_state ->> 'sqlstate', error_message = p_state ->> 'message',
        error_context = p_state ->> 'context'
    where r.run_id = p_run_id and r.stop_reason is null;
    if p_state ->> 'stop' = 'done' and not v_run.keep_override and (v_run.kind = 'cleanup' or v_run.partitions_removed > 0) then
        -- What was confirmed is done.
        insert into @extschema@._used (allowance_id, run_id)
        select a.allowance_id, p_run_id
        from @extschema@._allowance as a
        where a.policy_id = v_run.policy_id and a.after_run < p_run_id
            and not exists (select from @extschema@._used as u where u.allowance_id = a.allowance_id);
    end if;
end
$$;
comment on function @extschema@._finish_run(bigint, jsonb) is
'Closes the ledger row of a pass with the debt that is left.';
