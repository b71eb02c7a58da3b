-- Runs one DELETE and measures it: rows that really went, and the WAL that the
-- statement itself wrote (an LSN difference would count everybody's).
create or replace function @extschema@._delete_rows(
    p_leaf text,
    p_where text,
    out deleted bigint,
    out wal_bytes numeric
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_plan json;
begin
    execute format(
        'explain (analyze, wal, timing off, summary off, costs off, buffers off, format json) delete from only %s where %s returning 1',
        p_leaf, p_where
    ) into v_plan;
    deleted := ((v_plan #>> '{0,Plan,Actual Rows}')::numeric * (v_plan #>> '{0,Plan,Actual Loops}')::numeric)::bigint;
    wal_bytes := (v_plan #>> '{0,Plan,WAL Bytes}')::numeric;
end
$$;
comment on function @extschema@._delete_rows(text, text) is
'Runs one DELETE; returns the rows that went and the WAL the statement wrote.';
