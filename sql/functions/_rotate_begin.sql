-- requires: _find_policy
-- Validates the arguments of rotate() before anything is touched and returns what it
-- works through: the policies with partitions of ours, or the one that was named, and
-- the deadline, at most 80 % of the statement_timeout.
create or replace function @extschema@._rotate_begin(
    p_table regclass,
    p_max_duration interval,
    out policy_ids bigint[],
    out deadline timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_timeout integer := (select s.setting::integer from pg_settings as s where s.name = 'statement_timeout');
    v_policy @extschema@._policy;
begin
    if p_max_duration is null or p_max_duration <= interval '0 s' then
        raise exception 'max_duration cannot be "%"', p_max_duration
            using errcode = 'invalid_parameter_value', hint = 'Expected an interval above 0, such as ''10 minutes''.';
    end if;
    deadline := statement_timestamp() + p_max_duration;
    if v_timeout > 0 then
        deadline := least(deadline, statement_timestamp() + make_interval(secs => v_timeout * 0.8 / 1000));
    end if;
    perform @extschema@._note_promotion();
    delete from @extschema@._stop_request as s where s.pid = pg_backend_pid();
    if p_table is not null then
        v_policy := @extschema@._find_policy(p_table);
        if v_policy.partition_interval is null or v_policy.managed_by = 'observe' then
            raise exception '%', format(
                    case when v_policy.partition_interval is null then 'the policy on %I.%I has no partition_interval' else 'the partitions of %I.%I are managed by pg_partman, and the policy only observes' end,
                    v_policy.schema_name, v_policy.table_name
                )
                using errcode = 'object_not_in_prerequisite_state',
                hint = format('select %I.set_policy(%L, p_partition_interval => ''…'');', @extschema@._schema(), format('%I.%I', v_policy.schema_name, v_policy.table_name));
        end if;
        policy_ids := array[v_policy.policy_id];
        return;
    end if;
    policy_ids := array(
        select p.policy_id from @extschema@._policy as p
        where p.partition_interval is not null and p.managed_by in ('us', 'drive')
        order by p.policy_id
    );
end
$$;
comment on function @extschema@._rotate_begin(regclass, interval) is
'Validates the arguments of rotate() and returns its policies and its deadline.';
