-- Measurements over time: what debt, verdicts and forecasts are made from.

alter table @extschema@._job drop constraint _job_kind;
alter table @extschema@._job add constraint _job_kind
check (kind in ('cleanup', 'vacuum', 'prune', 'sample'));

insert into @extschema@._setting (name, default_value, kind, lowest, description)
values
(
    'sample_schedule', 'off', 'schedule', null,
    'when pg_cron calls sample, or off; without samples nobody knows inflow and growth'
),
(
    'keep_samples', '400 days', 'interval', '7 days',
    'samples older than this are removed; after 3 days one an hour stays, after 60 days one a day'
),
(
    'capacity', 'off', 'size', null,
    'what all tables with a policy may take together, for the forecast, or off'
);

create table @extschema@._sample (
    policy_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    relation_id oid not null,
    cutoff timestamptz,
    rows bigint,
    heap_bytes bigint,
    index_bytes bigint,
    toast_bytes bigint,
    sizes_exact boolean,
    dead_rows bigint,
    inserted numeric,
    deleted numeric,
    oldest_at timestamptz,
    newest_at timestamptz,
    expired_rows bigint,
    expired_exact boolean,
    expiring_per_hour numeric,
    run_id bigint,
    run_rows bigint,
    problem text,
    primary key (policy_id, at)
);
comment on table @extschema@._sample is
'Measurements of managed tables over time, thinned as they grow old.';
