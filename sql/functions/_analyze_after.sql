-- ANALYZE when a pass removed enough of the table to mislead the planner. A
-- lock that is not had is told in the ledger; the pass itself stays as it is.
create or replace function @extschema@._analyze_after(p_run_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_table_rows numeric;
    v_name text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    if v_run.rows = 0 or v_run.kind = 'rotation' then
        return;
    end if;
    select sum(greatest(c.reltuples, 0)::numeric) into v_table_rows
    from @extschema@._leaves(v_run.relation_id) as l
    inner join pg_class as c on c.oid = l.relation_id;
    v_name := @extschema@._qualified_name(v_run.relation_id);
    -- ANALYZE without a name would be ANALYZE of everything.
    if
        v_name is null
        or v_run.rows * 100 < v_table_rows * @extschema@._get_setting('analyze_percent')::integer
    then
        return;
    end if;
    begin
        execute format('analyze %s', v_name);
        update @extschema@._run as r set analyzed = true where r.run_id = p_run_id;
    exception
        when lock_not_available or undefined_table then
            update @extschema@._run as r
            set detail = concat_ws(' ', nullif(r.detail, ''), format('ANALYZE was not possible: %s', sqlerrm))
            where r.run_id = p_run_id;
    end;
end
$$;
comment on function @extschema@._analyze_after(bigint) is
'ANALYZE after a pass that removed enough of the table.';
