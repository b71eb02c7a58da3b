-- requires: _set_pause, _end_proof
-- Stops passes on a table, a running one at its batch boundary, until resume.
create or replace function @extschema@.pause(p_table regclass, p_reason text default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_policy @extschema@._policy := @extschema@._find_policy(p_table);
begin
    perform @extschema@._lock_policy(v_policy.relation_id);
    v_policy := @extschema@._find_policy(p_table);
    perform @extschema@._end_proof(v_policy);
    perform @extschema@._set_pause(
        v_policy.policy_id, coalesce(v_policy.paused_at, now()), coalesce(v_policy.paused_by, session_user),
        coalesce(p_reason, v_policy.pause_reason)
    );
end
$$;
comment on function @extschema@.pause(regclass, text) is
'Stops passes on a table, a running one at its batch boundary, until resume().';
