-- What autovacuum would have done on a table that grew in weeks.
vacuum (analyze) @relation@;
