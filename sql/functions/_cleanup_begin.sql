-- requires: _find_policy, _duty
-- Validates the arguments of cleanup() before anything is touched and returns
-- what it works through: policy ids (the longest untouched table first) and
-- the deadline. A role's statement_timeout counts over the whole CALL, so the
-- deadline is at most 80 % of it.
create or replace function @extschema@._cleanup_begin(
    p_table regclass,
    p_max_duration interval,
    p_keep interval,
    p_batch_rows integer,
    p_yes boolean,
    p_duty text,
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
    elsif p_batch_rows not between 1 and 1000000 then
        raise exception 'batch_rows cannot be %', p_batch_rows
            using errcode = 'invalid_parameter_value', hint = 'Expected 1 to 1000000.';
    elsif p_duty is not null and @extschema@._duty(p_duty) is null then
        raise exception 'duty cannot be "%"', p_duty
            using errcode = 'invalid_parameter_value', hint = 'Expected gentle, normal, full, or a share from 0.01 to 1.';
    elsif p_keep is not null and p_table is null then
        raise exception 'a keep for this pass only needs the table it is meant for'
            using errcode = 'invalid_parameter_value', hint = 'Say p_table => ''…'' as well.';
    end if;
    deadline := statement_timestamp() + p_max_duration;
    if v_timeout > 0 then
        deadline := least(deadline, statement_timestamp() + make_interval(secs => v_timeout * 0.8 / 1000));
    end if;
    perform @extschema@._note_promotion();
    delete from @extschema@._stop_request as s where s.pid = pg_backend_pid();
    if p_table is null then
        select array_agg(p.policy_id order by l.last_at nulls first, p.policy_id) into policy_ids
        from @extschema@._policy as p
        cross join lateral (
            select max(r.started_at) as last_at from @extschema@._run as r where r.policy_id = p.policy_id
        ) as l;
        if policy_ids is null then
            raise exception 'there is no policy in schema %', @extschema@._schema()
                using errcode = 'no_data_found', hint = 'Make one with set_policy (psql) or "policy set" (command line).';
        end if;
        return;
    end if;
    v_policy := @extschema@._find_policy(p_table);
    policy_ids := array[v_policy.policy_id];
    perform @extschema@._check_keep(v_policy, p_keep, p_yes);
end
$$;
comment on function @extschema@._cleanup_begin(regclass, interval, interval, integer, boolean, text) is
'Validates the arguments of cleanup() and returns its policies and its deadline.';
