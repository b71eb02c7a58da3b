-- What the operator's own expression says of the load; 1 or more shuts the gate.
create or replace function @extschema@._load(p_expression text)
returns numeric
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_load numeric;
begin
    execute format('select (%s)::numeric', p_expression) into v_load;
    return v_load;
end
$$;
comment on function @extschema@._load(text) is
'What an expression of the operator says of the load.';
