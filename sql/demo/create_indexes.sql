-- The indexes of the three tables, after the load because that is faster.
create index idx_events_seen_client_ts on public.events_seen (client_id, ts_ms);
create index idx_events_seen_created_at on public.events_seen (created_at);
create index idx_agg_1m_window on public.agg_1m (window_start_ts);
create index idx_agg_1m_diagnosis on public.agg_1m (diagnosis_label) where diagnosis_label is not null;
create index idx_agg_1m_client_target_window on public.agg_1m (client_id, target, window_start_ts desc);
create index idx_alerts_client_target on public.alerts (client_id, target);
create index idx_alerts_created_at on public.alerts (created_at);
create index idx_alerts_unresolved on public.alerts (created_at) where resolved_at is null;
