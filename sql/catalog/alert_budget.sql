-- alert send: how long finding out may take; for its transaction only.
select
    pg_catalog.set_config('statement_timeout', '60s', true) as statement_timeout,
    pg_catalog.set_config('lock_timeout', '2s', true) as lock_timeout,
    pg_catalog.set_config('jit', 'off', true) as jit;
