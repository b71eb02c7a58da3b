-- requires: _run_batch
-- One step of a pass: a batch, or a slice of the pause before the next attempt.
-- A cancel that meets it ends the pass properly. A client's cancel request
-- signals a backend and then its process group, which is the backend again: whoever
-- meets the first waits for the second, which would hit the ledger otherwise.
create or replace function @extschema@._step(p_run_id bigint, p_state jsonb, p_deadline timestamptz)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wait integer := (p_state ->> 'wait')::integer;
begin
    if coalesce(v_wait, 0) <= 0 or clock_timestamp() >= p_deadline then
        return @extschema@._run_batch(p_run_id, p_state);
    end if;
    if p_state #> '{gates,gate}' is not null then
        perform set_config('application_name', left('waits: ' || (p_state #>> '{gates,waiting_for}'), 63), true);
    end if;
    begin
        perform pg_sleep(least(v_wait, 100) / 1000.0);
    exception
        when query_canceled then
            perform pg_sleep(0.1);
            raise;
    end;
    return p_state || jsonb_build_object('wait', v_wait - 100);
exception
    when query_canceled then
        return p_state || jsonb_build_object('stop', 'interrupted', 'cancelled', true, 'sqlstate', sqlstate, 'message', sqlerrm);
end
$$;
comment on function @extschema@._step(bigint, jsonb, timestamptz) is
'One step of a pass: a batch, or a slice of the pause before the next attempt.';
