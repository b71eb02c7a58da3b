-- The keys of events_seen, but none on the time.
alter table events_seen add primary key (event_id);
create index idx_events_seen_client_ts on events_seen (client_id, ts_ms);
