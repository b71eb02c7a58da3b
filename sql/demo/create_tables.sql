-- The telemetry platform's three tables, with the types and keys that they have
-- in production; their indexes follow when the data is in.
create table public.events_seen (
    event_id uuid primary key,
    client_id varchar(255) not null,
    ts_ms bigint not null,
    created_at timestamp without time zone default now()
);

create table public.agg_1m (
    client_id varchar(255) not null,
    target varchar(255) not null,
    window_start_ts timestamp without time zone not null,
    count_total bigint not null default 0,
    count_success bigint not null default 0,
    count_error bigint not null default 0,
    dns_error_count bigint not null default 0,
    tcp_error_count bigint not null default 0,
    tls_error_count bigint not null default 0,
    http_error_count bigint not null default 0,
    throughput_error_count bigint not null default 0,
    dns_p50 double precision,
    dns_p95 double precision,
    tcp_p50 double precision,
    tcp_p95 double precision,
    tls_p50 double precision,
    tls_p95 double precision,
    ttfb_p50 double precision,
    ttfb_p95 double precision,
    throughput_p50 double precision,
    throughput_p95 double precision,
    diagnosis_label varchar(50),
    updated_at timestamp without time zone default now(),
    primary key (client_id, target, window_start_ts)
);

create table public.alerts (
    id serial primary key,
    client_id varchar(255) not null,
    target varchar(255) not null,
    alert_type varchar(50) not null,
    severity varchar(20) not null,
    message text,
    threshold_value double precision,
    actual_value double precision,
    window_start_ts timestamp without time zone not null,
    created_at timestamp without time zone default now(),
    resolved_at timestamp without time zone
);
