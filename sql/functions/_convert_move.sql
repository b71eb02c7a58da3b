-- requires: _lock_gently, _lock_within
-- Moves a batch of p_rows rows back into the old table, newest first, because those are
-- the ones that are written again. Returns how many; 0 when nothing is left.
-- Readers see each row once, before or after. Writers wait for one batch: an UPDATE that waited for
-- the lock of a row alone would come too late for it, and change nothing.
create or replace function @extschema@._convert_move(
    p_conversion @extschema@._conversion,
    p_lock_timeout_ms integer,
    p_rows integer
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_old oid := (p_conversion).relation_id;
    v_table text := @extschema@._qualified_name((p_conversion).relation_id);
    v_child oid;
    v_name text;
    v_columns text;
    v_has_rows boolean;
    v_moved bigint := 0;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where a.attrelid = v_old and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    for v_child in
        select i.inhrelid from pg_inherits as i where i.inhparent = v_old order by i.inhrelid desc
    loop
        v_name := @extschema@._qualified_name(v_child);
        execute format('select exists (select from only %s)', v_name) into v_has_rows;
        continue when not v_has_rows;
        perform @extschema@._lock_gently(v_old);
        perform @extschema@._lock_gently(v_child);
        perform @extschema@._lock_within(
            array[v_table, v_name], 'share row exclusive', clock_timestamp() + make_interval(secs => p_lock_timeout_ms / 1000.0)
        );
        execute format(
            'with gone as (delete from only %1$s as t where t.ctid = any (array(select x.ctid from only %1$s as x order by x.%2$I desc limit %5$s)) returning %3$s)'
            ' insert into %4$s (%3$s) overriding system value select %3$s from gone',
            v_name, (p_conversion).time_column, v_columns, v_table, p_rows
        );
        get diagnostics v_moved = row_count;
        exit when v_moved > 0;
    end loop;
    return v_moved;
end
$$;
comment on function @extschema@._convert_move(@extschema@._conversion, integer, integer) is
'Moves a batch of rows back into the old table.';
