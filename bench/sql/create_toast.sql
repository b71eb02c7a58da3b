-- Rows with 2 kB that do not compress and are stored out of line.
create table events_seen (
    event_id uuid not null,
    client_id varchar(255) not null,
    ts_ms bigint not null,
    payload text not null,
    created_at timestamp without time zone default now()
)
with (toast_tuple_target = 128);
alter table events_seen alter column payload set storage external;
