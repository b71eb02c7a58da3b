-- requires: _convert_findings, _identity_guard, _binding_guard, _check_rotation
-- Everything that must be so before a conversion begins; one error with all of
-- it otherwise. Returns the policy as it will be afterwards. Also the dry run
-- asks here, so that it cannot promise what will be refused.
create or replace function @extschema@._convert_check(
    p_policy @extschema@._policy,
    p_relation_id oid,
    p_interval interval,
    p_premake integer
)
returns @extschema@._policy
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy := p_policy;
    v_name text := @extschema@._qualified_name(p_relation_id);
    v_detail text;
    v_findings text;
    v_fixes text;
    v_interval interval := coalesce(p_interval, (p_policy).partition_interval);
begin
    select x.detail, x.fix into v_detail, v_fixes
    from (
        select g.detail, null as fix from @extschema@._identity_guard() as g
        union all
        select g.detail, g.fix from @extschema@._binding_guard(v_policy.policy_id) as g
    ) as x
    limit 1;
    if v_detail is not null then
        raise exception 'the policy of % is suspended: %', v_name, v_detail
            using errcode = 'object_not_in_prerequisite_state', hint = coalesce(v_fixes, 'The view retention has the statement that decides it.');
    end if;
    select string_agg(f.detail, '; '), string_agg(f.fix, E'\n')
    into v_findings, v_fixes
    from @extschema@._convert_findings(p_relation_id, v_policy) as f;
    if v_findings is not null then
        raise exception '% cannot be converted: %', v_name, v_findings
            using errcode = 'object_not_in_prerequisite_state', hint = v_fixes;
    end if;
    v_policy.premake := coalesce(p_premake, v_policy.premake);
    if v_interval is null then
        raise exception 'a conversion needs the interval of the partitions'
            using errcode = 'invalid_parameter_value', hint = 'For example p_interval => ''1 month'' (command line: --interval).';
    end if;
    if
        v_interval < interval '1 minute' or v_interval > interval '100 years'
        or least(extract(year from v_interval), extract(month from v_interval), extract(day from v_interval), extract(epoch from v_interval - date_trunc('day', v_interval))) < 0
        or (date_trunc('month', v_interval) <> interval '0 s' and v_interval <> date_trunc('month', v_interval))
        or (v_policy.time_type = 'date' and v_interval <> date_trunc('day', v_interval))
        or (v_policy.epoch_unit in ('s', 'ms') and v_interval <> date_trunc(case v_policy.epoch_unit when 's' then 'second' else 'milliseconds' end, v_interval))
    then
        raise exception 'the interval of partitions cannot be "%"', v_interval
            using errcode = 'invalid_parameter_value',
            hint = 'Expected minutes, hours, days or weeks, or months or years, from 1 minute (a date: 1 day) to 100 years, such as ''1 month''.';
    end if;
    -- The rest of what a policy says about partitions; the table has none yet.
    v_policy.partition_interval := null;
    perform @extschema@._check_rotation(v_policy);
    v_policy.partition_interval := v_interval;
    return v_policy;
end
$$;
comment on function @extschema@._convert_check(@extschema@._policy, oid, interval, integer) is
'Refuses what cannot be converted; returns the policy as it will be afterwards.';
