-- Shows in application_name and in the ledger that a pass waits at a gate, and for
-- what; the ledger every five seconds at most, which is its heartbeat as well.
create or replace function @extschema@._wait_at_gate(p_run @extschema@._run, p_state jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config(
        'application_name', left(format('%s %s: %s', @extschema@._schema(), (p_run).table_name, p_state #>> '{gates,waiting_for}'), 63), true
    );
    update @extschema@._run as r
    set
        waiting_for = p_state #>> '{gates,waiting_for}',
        gated = r.gated + (clock_timestamp() - greatest(r.heartbeat_at, (p_state #>> '{gates,shut_at}')::timestamptz)),
        heartbeat_at = clock_timestamp()
    where
        r.run_id = (p_run).run_id
        and (r.waiting_for is null or r.heartbeat_at < clock_timestamp() - interval '5 s');
end
$$;
comment on function @extschema@._wait_at_gate(@extschema@._run, jsonb) is
'Shows that a pass waits at a gate, and for what.';
