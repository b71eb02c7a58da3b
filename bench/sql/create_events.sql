-- The telemetry platform's table of events; its keys follow when the rows are in.
create table events_seen (
    event_id uuid not null,
    client_id varchar(255) not null,
    ts_ms bigint not null,
    created_at timestamp without time zone default now()
);
