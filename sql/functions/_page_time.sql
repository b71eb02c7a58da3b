-- The earliest time on one heap page, as a constant that reads the same in every
-- session; null when nobody is left there. Read by its address, never by an index.
create or replace function @extschema@._page_time(p_leaf text, p_time_column name, p_page bigint)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set enable_seqscan = off
set enable_indexscan = off
set enable_indexonlyscan = off
set enable_bitmapscan = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_time text;
begin
    execute format(
        'select min(t.%I)::text from only %s as t where ctid >= ''(%s,0)'' and ctid < ''(%s,0)''',
        p_time_column, p_leaf, p_page, p_page + 1
    ) into v_time;
    return v_time;
end
$$;
comment on function @extschema@._page_time(text, name, bigint) is
'The earliest time on one heap page.';
