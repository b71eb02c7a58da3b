-- health: how long one check may take, and wait for a lock; for its transaction only.
select
    pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) as search_path,
    pg_catalog.set_config('statement_timeout', %(statement_timeout)s, true) as statement_timeout,
    pg_catalog.set_config('lock_timeout', %(lock_timeout)s, true) as lock_timeout,
    pg_catalog.set_config('jit', 'off', true) as jit,
    pg_catalog.set_config('transaction_read_only', 'on', true) as read_only;
