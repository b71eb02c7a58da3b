-- Row by row: the keys of the next transaction.
select event_id
from events_seen
where created_at < now() at time zone 'UTC' - interval '30 days'
order by created_at
limit 500;
