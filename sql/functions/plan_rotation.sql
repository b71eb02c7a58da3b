-- requires: _find_policy, _rotation_actions, _rotation_refusal, _owner_refusal, _guards, _count_expired, _cutoff_of
-- requires: _partition_set, _cutoff, _predicate, _cutoff_literal, _holds_of, _clock, _concurrent_refusal, _default_text
-- requires: _unused_name, _viewed_by
-- What a rotation would do now, action by action, computed without doing it: by what the
-- pass itself goes by. "keep" rows say what stays and why, "wait" rows which guard would
-- suspend the removals, "refused" rows why nothing would be done. p_concurrently: as the
-- command line would with --concurrently.
create or replace function @extschema@.plan_rotation(
    p_table regclass default null,
    p_concurrently boolean default false
)
returns table (
    schema_name name,
    table_name name,
    action text,
    partition_name name,
    lower_bound text,
    upper_bound text,
    row_estimate bigint,
    detail text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
    v_policy @extschema@._policy;
    v_cutoff timestamptz;
    v_set jsonb;
    v_predicate text;
    v_refusal jsonb;
begin
    if p_table is not null then
        v_policy := @extschema@._find_policy(p_table);
        if v_policy.partition_interval is null then
            raise exception 'the policy on %.% has no partition_interval', quote_ident(v_policy.schema_name), quote_ident(v_policy.table_name)
                using errcode = 'object_not_in_prerequisite_state',
                hint = format('select %I.set_policy(%L, p_partition_interval => ''1 day'');', @extschema@._schema(), format('%I.%I', v_policy.schema_name, v_policy.table_name));
        end if;
    end if;
    for v_policy in
        select p.* from @extschema@._policy as p
        where p.partition_interval is not null and (p_table is null or p.policy_id = v_policy.policy_id)
        order by p.schema_name, p.table_name
    loop
        schema_name := v_policy.schema_name;
        table_name := v_policy.table_name;
        v_refusal := case
            when v_policy.managed_by = 'us' then coalesce(@extschema@._rotation_refusal(v_policy), @extschema@._owner_refusal(v_policy))
            else jsonb_build_object('detail', 'pg_partman makes and removes its partitions')
        end;
        if v_refusal is not null then
            return query select
                schema_name, table_name, 'refused', null::name, null, null, null::bigint,
                concat_ws('. Fix: ', coalesce(v_refusal ->> 'detail', v_refusal ->> 'message'), v_refusal ->> 'fix');
            continue;
        end if;
        v_set := @extschema@._partition_set(v_policy, @extschema@._clock(), @extschema@._cutoff(v_policy.keep, v_policy.time_zone, @extschema@._clock()));
        v_cutoff := @extschema@._cutoff_of(v_policy, v_policy.keep, @extschema@._clock(), v_set);
        return query
        select
            v_policy.schema_name, v_policy.table_name, a.action,
            case when a.action = 'create' then @extschema@._unused_name(v_policy.schema_name, a.table_name, '') else a.table_name end,
            trim(a.lower_literal, ''''), trim(a.upper_literal, ''''),
            a.row_estimate,
            concat(case
                when p_concurrently and a.action = 'detach'
                    then a.detail || coalesce('; under a lock: ' || @extschema@._concurrent_refusal(v_policy, a.relation_id), '; concurrently')
                when a.action = 'create' then concat_ws('; ', a.detail, @extschema@._default_text(v_policy, a.lower_literal, a.upper_literal))
                else a.detail
            end, case
                when a.action = 'drop' or (a.action in ('detach', 'finalize') and v_policy.partition_remove = 'drop')
                    then '; it cannot be dropped as long as it is used by ' || @extschema@._viewed_by(a.relation_id)
            end)
        from @extschema@._rotation_actions(v_policy, v_cutoff, v_set) as a;
        if exists (select from @extschema@._rotation_actions(v_policy, v_cutoff, v_set) as a where a.action = 'detach') then
            v_predicate := @extschema@._predicate(
                v_policy.time_column, v_policy.time_type,
                @extschema@._cutoff_literal(v_cutoff, v_policy.time_type, v_policy.epoch_unit, v_policy.time_zone),
                v_policy.condition, @extschema@._holds_of(v_policy.relation_id, v_policy.schema_name, v_policy.table_name)
            );
            return query
            select
                v_policy.schema_name, v_policy.table_name, 'wait', null::name, null, null, null::bigint,
                format('guard %s: %s', g.guard, g.detail)
            from @extschema@._count_expired(v_policy.relation_id, v_predicate, 100000) as c
            cross join @extschema@._guards(v_policy, v_cutoff, c.counted, v_predicate) as g;
        end if;
    end loop;
end
$$;
comment on function @extschema@.plan_rotation(regclass, boolean) is
'What a rotation would do now, action by action, computed without doing it.';
