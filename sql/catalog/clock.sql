-- The server's clock, and when a pass that begins now will be over.
select
    clock_timestamp() as now,
    clock_timestamp() + %(max_duration)s::interval as deadline;
