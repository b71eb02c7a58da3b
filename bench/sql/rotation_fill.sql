-- Partitions from so many intervals ago on.
call make_partitions(
    %(relation)s::text, date_trunc(%(unit)s::text, localtimestamp) - %(ago)s::integer * %(interval)s::interval,
    %(number)s::integer, %(interval)s::interval
);
