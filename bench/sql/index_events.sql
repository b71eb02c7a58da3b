-- The keys of events_seen.
alter table events_seen add primary key (event_id);
create index idx_events_seen_client_ts on events_seen (client_id, ts_ms);
create index idx_events_seen_created_at on events_seen (created_at);
