-- Counts expired rows, exactly up to p_limit; beyond it the planner's estimate
-- stands in, so that a count never costs more than a pass. p_limit null counts
-- all. Volatile only because the server demands it of EXPLAIN.
create or replace function @extschema@._count_expired(
    p_relation_id oid,
    p_predicate text,
    p_limit bigint,
    out counted bigint,
    out exact boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_name text := @extschema@._qualified_name(p_relation_id);
    v_plan json;
begin
    execute format('select count(*) from (select from %s where %s limit $1) as x', v_name, p_predicate)
    into counted using p_limit + 1;
    exact := p_limit is null or counted <= p_limit;
    if not exact then
        execute format('explain (format json) select from %s where %s', v_name, p_predicate) into v_plan;
        counted := greatest(counted, (v_plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
end
$$;
comment on function @extschema@._count_expired(oid, text, bigint) is
'Number of expired rows, exact up to a limit and estimated beyond it.';
