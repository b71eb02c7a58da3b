-- Runs one DELETE and measures it: rows that really went, when it began to lock them, and
-- the WAL that the statement itself wrote (an LSN difference would count everybody's). Its plan is
-- looked at first: a batch that would read the whole table is never run (SQLSTATE
-- PT001). EXPLAIN counts no rows without RETURNING, which would cost a third.
create or replace function @extschema@._delete_rows(
    p_leaf_id oid,
    p_leaf text,
    p_where text,
    p_by name,
    out deleted bigint,
    out wal_bytes numeric,
    out begun_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_indexscan = on
set enable_bitmapscan = on
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_statement text := format('delete from only %s where %s', p_leaf, p_where);
    v_before bigint := pg_stat_get_xact_tuples_deleted(p_leaf_id);
    v_counts boolean := current_setting('track_counts')::boolean;
    v_plan jsonb;
begin
    if p_by = 'ctid' then
        perform set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
    end if;
    execute format('explain (costs off, format json) %s', v_statement) into v_plan;
    begun_at := clock_timestamp();
    if jsonb_path_exists(v_plan, '$.**."One-Time Filter" ? (@ == "false")') then
        -- A hold keeps every row.
        deleted := 0;
        wal_bytes := 0;
        return;
    elsif
        jsonb_path_exists(v_plan, '$.**."Node Type" ? (@ == "Seq Scan")')
        or not exists (
            select from jsonb_path_query(
                v_plan, '$.** ? (@.type() == "object").keyvalue() ? (@.key == "Index Cond" || @.key == "TID Cond").value'
            ) as c
            where strpos(c #>> '{}', quote_ident(p_by)) > 0
        )
    then
        raise exception 'the planner would not go by %: %', p_by, v_plan #>> '{0,Plan,Plans,0,Node Type}' using errcode = 'PT001';
    end if;
    execute format(
        'explain (analyze, wal, timing off, summary off, costs off, buffers off, format json) %s%s',
        v_statement, case when v_counts then '' else ' returning 1' end
    ) into v_plan;
    deleted := case
        when v_counts then pg_stat_get_xact_tuples_deleted(p_leaf_id) - v_before
        else ((v_plan #>> '{0,Plan,Actual Rows}')::numeric * (v_plan #>> '{0,Plan,Actual Loops}')::numeric)::bigint
    end;
    wal_bytes := (v_plan #>> '{0,Plan,WAL Bytes}')::numeric;
end
$$;
comment on function @extschema@._delete_rows(oid, text, text, name) is
'Runs one DELETE; returns the rows that went, the WAL the statement wrote, and when it began.';
