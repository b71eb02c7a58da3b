-- requires: _find_policy, _check_keep, _plan_policy
-- What a pass would do now, computed without doing it: one row per policy. It
-- takes no lock but ACCESS SHARE and writes nothing. p_exact => false estimates
-- the counts from statistics and costs milliseconds on a table of any size.
create or replace function @extschema@.plan(
    p_table regclass default null,
    p_keep interval default null,
    p_batch_rows integer default null,
    p_exact boolean default true
)
returns table (
    schema_name name,
    table_name name,
    time_column name,
    keep interval,
    cutoff timestamptz,
    state text,
    expired_rows bigint,
    exact boolean,
    table_rows bigint,
    batches bigint,
    oldest text,
    statement text,
    findings jsonb,
    note text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set row_security = off
as $$
declare
    v_policy @extschema@._policy;
begin
    if p_keep is not null and p_table is null then
        raise exception 'a keep to try needs the table it is meant for'
            using errcode = 'invalid_parameter_value', hint = 'Say p_table => ''…'' as well.';
    elsif p_batch_rows not between 1 and 1000000 then
        raise exception 'batch_rows cannot be %', p_batch_rows
            using errcode = 'invalid_parameter_value', hint = 'Expected 1 to 1000000.';
    end if;
    if p_table is not null then
        v_policy := @extschema@._find_policy(p_table);
        perform @extschema@._check_keep(v_policy, p_keep, true);
        return query select p.* from @extschema@._plan_policy(v_policy, p_keep, p_batch_rows, p_exact) as p;
        return;
    end if;
    if not exists (select from @extschema@._policy as p) then
        raise exception 'there is no policy in schema %', @extschema@._schema()
            using errcode = 'no_data_found', hint = 'Make one with set_policy (psql) or "policy set" (command line).';
    end if;
    for v_policy in select p.* from @extschema@._policy as p order by p.schema_name, p.table_name loop
        return query select p.* from @extschema@._plan_policy(v_policy, null, p_batch_rows, p_exact) as p;
    end loop;
end
$$;
comment on function @extschema@.plan(regclass, interval, integer, boolean) is
'What a pass would do now, computed without doing it.';
