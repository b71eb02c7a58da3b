-- requires: _limit_lock, _lock_policy, _lock_within
-- Drops the tables that were emptied, and the guard; false when one of them has a
-- row again. ACCESS EXCLUSIVE for a moment, within lock_timeout.
create or replace function @extschema@._convert_close(p_conversion @extschema@._conversion, p_lock_timeout_ms integer)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_until timestamptz;
    v_table text := @extschema@._qualified_name((p_conversion).relation_id);
    v_function text := (
        select g.tgfoid::regprocedure::text
        from pg_trigger as g
        where g.tgrelid = (p_conversion).relation_id and g.tgname = (p_conversion).check_name and not g.tgisinternal
    );
    v_children text[] := array(
        select @extschema@._qualified_name(i.inhrelid) from pg_inherits as i where i.inhparent = (p_conversion).relation_id order by i.inhrelid
    );
    v_child text;
    v_has_rows boolean;
begin
    perform @extschema@._limit_lock(clock_timestamp() + interval '5 s');
    perform @extschema@._lock_policy((p_conversion).relation_id);
    v_until := clock_timestamp() + current_setting('deadlock_timeout')::interval + interval '500 ms';
    perform @extschema@._lock_within(v_table || v_children, 'share update exclusive', v_until);
    v_until := clock_timestamp() + make_interval(secs => p_lock_timeout_ms / 1000.0);
    perform @extschema@._lock_within(v_table || v_children, 'access exclusive', v_until);
    foreach v_child in array v_children loop
        execute format('select exists (select from only %s)', v_child) into v_has_rows;
        if v_has_rows then
            return false;
        end if;
        perform @extschema@._limit_lock(v_until);
        execute format('drop table %s', v_child);
    end loop;
    if v_function is not null then
        execute format('drop trigger %I on %s', (p_conversion).check_name, v_table);
        execute format('drop function %s', v_function);
    end if;
    return true;
end
$$;
comment on function @extschema@._convert_close(@extschema@._conversion, integer) is
'Drops the tables that were emptied.';
