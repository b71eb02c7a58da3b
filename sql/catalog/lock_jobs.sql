-- schedule apply and remove, in pg_cron's database: nobody else of us looks or
-- changes until this connection is closed.
select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('pytelemetry_db jobs', 0)) as locked;
