-- Row by row: one of them.
delete from events_seen
where event_id = %(event_id)s and created_at < now() at time zone 'UTC' - interval '30 days';
