-- The keys of agg_1m.
alter table agg_1m add primary key (client_id, target, window_start_ts);
create index idx_agg_1m_window on agg_1m (window_start_ts);
create index idx_agg_1m_diagnosis on agg_1m (diagnosis_label) where diagnosis_label is not null;
create index idx_agg_1m_client_target_window on agg_1m (client_id, target, window_start_ts desc);
