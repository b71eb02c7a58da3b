-- requires: _find_policy, _lock_policy, _allow
-- confirm() for the guard that suspends one table: its passes may do what the refused
-- one found, until one of them is done.
create or replace function @extschema@._confirm_table(p_table regclass, p_guard text, p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_policy @extschema@._policy := @extschema@._find_policy(p_table);
    v_name text := format('%I.%I', v_policy.schema_name, v_policy.table_name);
    v_suspended @extschema@._suspended;
begin
    perform @extschema@._lock_policy(v_policy.relation_id);
    select s.* into v_suspended from @extschema@._suspended as s where s.policy_id = v_policy.policy_id;
    if not found then
        raise exception 'nothing on % waits for a confirmation', v_name
            using errcode = 'invalid_parameter_value', hint = 'The view retention shows the state of every policy.';
    elsif p_guard is distinct from v_suspended.guard then
        raise exception 'p_guard is "%", but what waits on % is "%": %', coalesce(p_guard, 'null'), v_name, v_suspended.guard, v_suspended.detail
            using errcode = 'invalid_parameter_value', hint = format('Say p_guard => %L.', v_suspended.guard);
    elsif coalesce(p_reason, '') ~ '^\s*$' then
        raise exception 'a confirmation needs a reason'
            using errcode = 'invalid_parameter_value', hint = 'Say p_reason => ''…''; it is kept in the log.';
    end if;
    perform @extschema@._allow(v_policy.policy_id, v_suspended.guards, p_reason);
    insert into @extschema@._installation_log (action, reason)
    values (format('confirm %s', v_suspended.guard), format('%s (%s: %s)', p_reason, v_name, v_suspended.detail));
end
$$;
comment on function @extschema@._confirm_table(regclass, text, text) is
'Decides the guard that suspends one table, once.';
