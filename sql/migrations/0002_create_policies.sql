-- Tables of the work: policies, the run ledger, requests to stop.

create table @extschema@._policy (
    policy_id bigint generated always as identity primary key,
    relation_id oid not null,
    schema_name name not null,
    table_name name not null,
    time_column name not null,
    time_type text not null,
    epoch_unit text,
    keep interval not null,
    condition text,
    remove text not null,
    time_zone text not null,
    grace interval not null,
    max_size bigint,
    batch_rows integer not null,
    epoch bigint not null default 1,
    paused_at timestamptz,
    paused_by name,
    pause_reason text,
    created_at timestamptz not null default now(),
    created_by name not null default session_user,
    changed_at timestamptz not null default now(),
    changed_by name not null default session_user,
    constraint _policy_table unique (schema_name, table_name),
    constraint _policy_keep check (keep > '0 s'),
    constraint _policy_remove check (remove in ('auto', 'delete')),
    constraint _policy_batch_rows check (batch_rows between 1 and 1000000),
    constraint _policy_epoch_unit check (epoch_unit in ('s', 'ms', 'us', 'ns')),
    constraint _policy_time_type check (
        time_type in ('timestamptz', 'timestamp', 'date', 'integer', 'bigint')
    )
);
comment on table @extschema@._policy is
'One row per managed table: time column, how long to keep, which rows, limits.';
-- Oid 0: came with a copy of another database, whose oids mean nothing here.
create unique index _policy_relation on @extschema@._policy (relation_id) where relation_id <> 0;

create table @extschema@._run (
    run_id bigint generated always as identity primary key,
    policy_id bigint not null,
    relation_id oid not null,
    schema_name name not null,
    table_name name not null,
    version text not null,
    epoch bigint not null,
    keep interval not null,
    keep_override boolean not null,
    cutoff timestamptz not null,
    predicate text not null,
    batch_rows integer not null,
    started_at timestamptz not null,
    deadline timestamptz not null,
    heartbeat_at timestamptz not null,
    finished_at timestamptz,
    stop_reason text,
    detail text,
    rows_before bigint,
    rows_before_exact boolean,
    rows bigint not null default 0,
    batches integer not null default 0,
    largest_batch integer not null default 0,
    longest_batch interval not null default '0 s',
    wal_bytes numeric not null default 0,
    debt_rows bigint,
    debt_exact boolean,
    analyzed boolean not null default false,
    error_sqlstate text,
    error_message text,
    error_context text,
    pid integer not null default pg_backend_pid(),
    backend_start timestamptz,
    role_name name not null default current_user,
    application_name text,
    constraint _run_stop_reason check (
        stop_reason in (
            'done', 'deadline', 'paused', 'locked', 'gated', 'suspended',
            'interrupted', 'upgraded', 'failed'
        )
    ),
    constraint _run_finished check ((finished_at is null) = (stop_reason is null))
);
comment on table @extschema@._run is
'The run ledger: one row per pass, also for one that died.';
create index _run_policy_started on @extschema@._run (policy_id, started_at);
create index _run_started on @extschema@._run (started_at);

create table @extschema@._stop_request (
    pid integer primary key,
    requested_at timestamptz not null default now(),
    requested_by name not null default session_user
);
comment on table @extschema@._stop_request is
'Backends whose pass was asked to stop at the next batch boundary.';
