-- requires: _suspension, _preflight
-- Why a pass must not even begin: suspended, paused, or a preflight error.
-- Null when it may begin.
create or replace function @extschema@._refusal(p_policy @extschema@._policy)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason record;
begin
    select s.detail, s.fix into v_reason from @extschema@._suspension((p_policy).policy_id) as s order by s.guard desc limit 1;
    if found then
        return jsonb_build_object('stop', 'suspended', 'detail', v_reason.detail, 'fix', v_reason.fix);
    end if;
    if (p_policy).paused_at is not null then
        return jsonb_build_object('stop', 'paused', 'detail', @extschema@._pause_text(p_policy));
    end if;
    select f.detail, f.fix into v_reason
    from @extschema@._preflight((p_policy).relation_id, (p_policy).time_column, (p_policy).epoch_unit, current_user) as f
    where f.level = 'error'
    limit 1;
    if found then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '55000', 'message', v_reason.detail, 'fix', v_reason.fix
        );
    end if;
    return null;
end
$$;
comment on function @extschema@._refusal(@extschema@._policy) is
'Why a pass must not begin, as the state it ends with; null when it may.';
