-- requires: _set_pause
-- Lets passes on a paused table run again.
create or replace function @extschema@.resume(p_table regclass)
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
    perform @extschema@._set_pause(v_policy.policy_id, null, null, null);
end
$$;
comment on function @extschema@.resume(regclass) is
'Lets passes on a paused table run again.';
