-- requires: _lock_table
-- Locks one table against maintenance and other DDL, and against nobody else: SHARE
-- UPDATE EXCLUSIVE, which no reader or writer waits for. The wait is longer than
-- deadlock_timeout, after which the server ends an autovacuum that is in the way;
-- a lock that readers wait for is asked for only afterwards. Keeps lock_timeout.
create or replace function @extschema@._lock_gently(p_relation_id oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before text := current_setting('lock_timeout');
    v_name text := @extschema@._qualified_name(p_relation_id);
begin
    perform set_config(
        'lock_timeout',
        (select (s.setting::integer + 1000)::text from pg_settings as s where s.name = 'deadlock_timeout'), true
    );
    perform @extschema@._lock_table(p_relation_id, 'share update exclusive');
    perform set_config('lock_timeout', v_before, true);
    if v_name is distinct from @extschema@._qualified_name(p_relation_id) then
        raise exception '% changed its name while it was locked', v_name using errcode = 'lock_not_available';
    end if;
exception
    when undefined_table or invalid_schema_name then
        raise exception '% changed while it was being locked: %', coalesce(v_name, p_relation_id::text), sqlerrm using errcode = 'lock_not_available';
end
$$;
comment on function @extschema@._lock_gently(oid) is
'Locks one table in SHARE UPDATE EXCLUSIVE mode, past autovacuum.';
