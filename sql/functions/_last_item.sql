-- The last line pointer on a page that leads to a row we can see; 0 on a page
-- without any.
create or replace function @extschema@._last_item(p_leaf text, p_page bigint)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_indexscan = off
set enable_indexonlyscan = off
set enable_bitmapscan = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_item integer;
begin
    execute format(
        'select (max(t.ctid)::text::point)[1]::integer from only %s as t where ctid >= ''(%s,0)'' and ctid < ''(%s,0)''',
        p_leaf, p_page, p_page + 1
    ) into v_item;
    return coalesce(v_item, 0);
end
$$;
comment on function @extschema@._last_item(text, bigint) is
'The last line pointer on a page that leads to a row.';
