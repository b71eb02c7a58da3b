-- The time value n expired rows further on in one leaf, as a constant that
-- reads the same in every session; null when fewer than n + 1 rows are left.
create or replace function @extschema@._probe_boundary(
    p_leaf text,
    p_time_column name,
    p_where text,
    p_rows integer
)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set enable_seqscan = off
set enable_sort = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_boundary text;
begin
    -- With a name of its own: the text would be what ORDER BY means otherwise.
    execute format(
        'select t.%1$I::text as boundary from %2$s as t where %3$s order by t.%1$I offset $1 limit 1', p_time_column, p_leaf, p_where
    )
    into v_boundary using p_rows;
    return v_boundary;
end
$$;
comment on function @extschema@._probe_boundary(text, name, text, integer) is
'The time value n expired rows further on, or null.';
