-- requires: _page_time
-- The time about p_rows rows further on, read off the heap instead of counted in
-- the index, which would cost a third of what the DELETE itself does. Only where
-- time follows the heap; the planner has to find the range small enough. Null when
-- there is any doubt, also at the end of what is expired.
create or replace function @extschema@._guess_boundary(
    p_leaf text,
    p_time_column name,
    p_time_type text,
    p_where text,
    p_rows integer,
    p_density numeric
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_page bigint;
    v_time text;
    v_holds boolean;
    v_plan jsonb;
begin
    execute format('select (t.ctid::text::point)[0]::bigint from only %s as t where %s order by t.%I limit 1', p_leaf, p_where, p_time_column)
    into v_page;
    v_time := @extschema@._page_time(p_leaf, p_time_column, v_page + greatest(1, floor(p_rows / p_density)::bigint));
    if v_time is null then
        return null;
    end if;
    -- Is it later than where we are, and expired itself?
    execute format('select true from (select %L::%s as %I) as t where %s', v_time, p_time_type, p_time_column, p_where) into v_holds;
    if v_holds is not true then
        return null;
    end if;
    execute format(
        'explain (format json) select from only %s as t where t.%I < %L::%s and %s', p_leaf, p_time_column, v_time, p_time_type, p_where
    ) into v_plan;
    return case when (v_plan #>> '{0,Plan,Plan Rows}')::numeric between p_rows / 8 and p_rows * 1.4 then v_time end;
end
$$;
comment on function @extschema@._guess_boundary(text, name, text, text, integer, numeric) is
'The time about n rows further on, read off the heap; null in doubt.';
