-- The platform's aggregates by time, with their key; nothing in it yet.
create table @relation@ (
    client_id varchar(255) not null,
    target varchar(255) not null,
    window_start_ts timestamp without time zone not null,
    count_total bigint not null default 0,
    updated_at timestamp without time zone default now(),
    primary key (client_id, target, window_start_ts)
) partition by range (window_start_ts);
