-- What autovacuum would have done on a database that grew in weeks.
analyze public.events_seen, public.agg_1m, public.alerts;
