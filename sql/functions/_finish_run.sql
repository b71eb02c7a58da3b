-- requires: _count_expired, _binding_guard
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
    v_debt record;
    v_uncounted text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    begin
        select c.counted, c.exact into v_debt
        from pg_class as t
        cross join @extschema@._count_expired(t.oid, v_run.predicate, 100000) as c
        where t.oid = v_run.relation_id and not exists (select from @extschema@._binding_guard(v_run.policy_id));
    exception
        when others then
            -- The pass already has its reason; an unknown debt is told as unknown.
            select null::bigint as counted, null::boolean as exact into v_debt;
            v_uncounted := format('The debt could not be counted: %s (SQLSTATE %s).', sqlerrm, sqlstate);
    end;
    update @extschema@._run as r
    set
        stop_reason = p_state ->> 'stop', finished_at = clock_timestamp(), heartbeat_at = clock_timestamp(),
        detail = concat_ws(' ', concat_ws('. ', p_state ->> 'detail', 'Fix: ' || (p_state ->> 'fix')), v_uncounted),
        debt_rows = v_debt.counted, debt_exact = v_debt.exact,
        error_sqlstate = p_state ->> 'sqlstate', error_message = p_state ->> 'message',
        error_context = p_state ->> 'context'
    where r.run_id = p_run_id and r.stop_reason is null;
end
$$;
comment on function @extschema@._finish_run(bigint, jsonb) is
'Closes the ledger row of a pass with the debt that is left.';
