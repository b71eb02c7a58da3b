-- The server's clock and the backend that asks.
select
    clock_timestamp() as now,
    pg_backend_pid() as pid;
