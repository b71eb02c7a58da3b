-- Pauses or resumes a policy: touches only what an operator may change, and
-- raises the epoch, so that a running pass stops. The caller holds the lock.
create or replace function @extschema@._set_pause(
    p_policy_id bigint,
    p_paused_at timestamptz,
    p_paused_by name,
    p_reason text
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._policy as p
    set
        paused_at = p_paused_at, paused_by = p_paused_by, pause_reason = p_reason,
        epoch = p.epoch + 1, changed_at = now(), changed_by = session_user
    where p.policy_id = p_policy_id
$$;
comment on function @extschema@._set_pause(bigint, timestamptz, name, text) is
'Pauses or resumes a policy and raises its epoch.';
