-- requires: _limit_lock, _lock_gently, _lock_referenced_gently
-- Undoes a conversion before its swap: drops the copy, which is empty, and the
-- CHECK. ACCESS EXCLUSIVE on the table for a moment, within lock_timeout.
create or replace function @extschema@._convert_abort(p_conversion @extschema@._conversion, p_lock_timeout_ms integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_until timestamptz;
    v_table text := @extschema@._qualified_name((p_conversion).relation_id);
    v_copy text := @extschema@._qualified_name((p_conversion).parent_id);
begin
    perform @extschema@._lock_gently((p_conversion).relation_id);
    if v_copy is not null then
        perform @extschema@._lock_gently((p_conversion).parent_id);
        perform @extschema@._lock_referenced_gently((p_conversion).parent_id);
    end if;
    v_until := clock_timestamp() + make_interval(secs => p_lock_timeout_ms / 1000.0);
    if v_copy is not null then
        perform @extschema@._limit_lock(v_until);
        execute format('drop table %s', v_copy);
    end if;
    if exists (
        select from pg_constraint as k
        where k.conrelid = (p_conversion).relation_id and k.conname = (p_conversion).check_name and k.contype = 'c'
    ) then
        perform @extschema@._limit_lock(v_until);
        execute format('alter table only %s drop constraint %I', v_table, (p_conversion).check_name);
    end if;
end
$$;
comment on function @extschema@._convert_abort(@extschema@._conversion, integer) is
'Undoes a conversion before its swap.';
