-- requires: _qualified_name
-- How many rows of a range the default partition of a policy's table has, counted up to
-- 50,001, as a pass moves no more in one transaction; null without a default. Bounds are
-- literals as _bound_literal makes them.
create or replace function @extschema@._default_rows(p_policy @extschema@._policy, p_lower text, p_upper text)
returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_default oid := (select nullif(t.partdefid, 0) from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id);
    v_rows bigint;
begin
    if v_default is not null then
        execute format(
            'select count(*) from (select from %1$s where %2$I >= %3$s and %2$I < %4$s limit 50001) as x',
            @extschema@._qualified_name(v_default), (p_policy).time_column, p_lower, p_upper
        ) into v_rows;
    end if;
    return v_rows;
end
$$;
comment on function @extschema@._default_rows(@extschema@._policy, text, text) is
'How many rows of a range the default partition of a policy''s table has, up to 50,001.';
