-- requires: _limit_lock, _lock_table
-- Locks tables one after the other, in all not after p_until: whoever queues
-- behind us waits no longer than that. A wait that is too long is an error
-- (lock_not_available), after which the caller gives everything back.
create or replace function @extschema@._lock_within(p_tables text[], p_mode text, p_until timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table text;
begin
    foreach v_table in array p_tables loop
        perform @extschema@._limit_lock(p_until);
        perform @extschema@._lock_table(to_regclass(v_table), p_mode);
    end loop;
end
$$;
comment on function @extschema@._lock_within(text[], text, timestamptz) is
'Locks tables one after the other, until a time at most.';
