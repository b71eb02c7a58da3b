-- Moves a batch of rows back into the old table, newest first, because those are
-- the ones that are written again. Returns how many; 0 when nothing is left.
-- Row locks on what moves; a reader sees each row once, before or after.
create or replace function @extschema@._convert_move(p_conversion @extschema@._conversion, p_limit integer)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_child text;
    v_columns text;
    v_moved bigint := 0;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where a.attrelid = (p_conversion).relation_id and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    for v_child in
        select @extschema@._qualified_name(i.inhrelid) from pg_inherits as i where i.inhparent = (p_conversion).relation_id order by i.inhrelid desc
    loop
        execute format(
            'with gone as (delete from only %1$s as t where t.ctid = any (array(select x.ctid from only %1$s as x order by x.%2$I desc limit %3$s)) returning %4$s)'
            ' insert into %5$s (%4$s) overriding system value select %4$s from gone',
            v_child, (p_conversion).time_column, p_limit, v_columns, @extschema@._qualified_name((p_conversion).relation_id)
        );
        get diagnostics v_moved = row_count;
        exit when v_moved > 0;
    end loop;
    return v_moved;
end
$$;
comment on function @extschema@._convert_move(@extschema@._conversion, integer) is
'Moves a batch of rows back into the old table.';
