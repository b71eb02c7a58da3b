-- Until the end of the transaction: names mean what they say, a lock that is
-- not free within 5 s ends the script, bodies are checked when created. Read
-- committed, because what the guards read must be newer than the lock. A script
-- in a caller's transaction puts everything back at its end; see leave.sql.
-- Before anything is asked: after the first query it is too late.
set local transaction_isolation = 'read committed';
do $$
begin
    perform pg_catalog.set_config(
        'pytelemetry_db.before',
        pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name))::pg_catalog.text,
        true
    )
    from pg_catalog.unnest(array[
        'role', 'search_path', 'lock_timeout', 'client_min_messages', 'check_function_bodies', 'default_table_access_method'
    ]) as s (name);
end
$$;
set local search_path = pg_catalog, pg_temp;
set local lock_timeout = '5s';
set local client_min_messages = warning;
set local check_function_bodies = on;
set local default_table_access_method = heap;
