-- requires: _has_index
-- Newest time in a table as text, by an index that leads with its time column;
-- null when it has none (VALIDATE tells then), or no rows.
create or replace function @extschema@._convert_newest(p_relation_id oid, p_time_column name)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_newest text;
begin
    if @extschema@._has_index(p_relation_id, p_time_column) then
        execute format(
            'select x.t::text from (select %1$I as t from %2$s where %1$I is not null order by %1$I desc limit 1) as x', p_time_column,
            @extschema@._qualified_name(p_relation_id)
        )
        into v_newest;
    end if;
    return v_newest;
end
$$;
comment on function @extschema@._convert_newest(oid, name) is
'Newest time in a table as text, if an index tells it.';
