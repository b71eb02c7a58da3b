-- The next rows of one time value in one leaf, as line pointers, by the index on the
-- time; p_kept rows of it stay and are passed over. With many dead entries before them it is the finding
-- that takes its time, and no row is locked meanwhile.
create or replace function @extschema@._tie_rows(
    p_leaf text,
    p_time_column name,
    p_where text,
    p_kept integer,
    p_rows integer
)
returns tid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_rows tid[];
begin
    execute format('select array(select t.ctid from only %s as t where %s order by t.%I offset $1 limit $2)', p_leaf, p_where, p_time_column)
    into v_rows using p_kept, p_rows;
    return v_rows;
end
$$;
comment on function @extschema@._tie_rows(text, name, text, integer, integer) is
'The next rows of one time value in one leaf, as line pointers.';
