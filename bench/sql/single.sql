-- One DELETE.
delete from @relation@
where @time_column@ < now() at time zone 'UTC' - interval '30 days';
