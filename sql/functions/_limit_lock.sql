-- From now on a lock is waited for until p_until, and for a millisecond at least.
create or replace function @extschema@._limit_lock(p_until timestamptz)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select set_config('lock_timeout', greatest(ceil(extract(epoch from p_until - clock_timestamp()) * 1000), 1)::text, true)
$$;
comment on function @extschema@._limit_lock(timestamptz) is
'Limits the wait for the next lock by a time.';
