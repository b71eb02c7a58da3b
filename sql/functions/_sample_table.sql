-- requires: _measure_table
-- Measures one table and writes it down, also that it could not be measured and
-- why. Returns that reason, with the table, or null.
create or replace function @extschema@._sample_table(p_policy_id bigint)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_sample @extschema@._sample;
begin
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = p_policy_id;
    if not found then
        return null;
    end if;
    begin
        v_sample := @extschema@._measure_table(v_policy);
    exception
        when others then
            v_sample := null;
            v_sample.policy_id := p_policy_id;
            v_sample.relation_id := v_policy.relation_id;
            v_sample.at := clock_timestamp();
            v_sample.problem := format('%s (SQLSTATE %s)', sqlerrm, sqlstate);
    end;
    insert into @extschema@._sample select (v_sample).*;
    return format('%I.%I: ', v_policy.schema_name, v_policy.table_name) || v_sample.problem;
end
$$;
comment on function @extschema@._sample_table(bigint) is
'Measures one table and writes it down; returns what could not be measured and why.';
