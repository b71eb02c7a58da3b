-- Until the end of the transaction: names mean what they say, a lock that is
-- not free within 5 s ends the script, bodies are checked when created. Read
-- committed, because what the guards read must be newer than the lock.
set local transaction_isolation = 'read committed';
set local search_path = pg_catalog, pg_temp;
set local lock_timeout = '5s';
set local client_min_messages = warning;
set local check_function_bodies = on;
set local default_table_access_method = heap;
