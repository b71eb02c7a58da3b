-- Scheduling: the jobs that were put on a schedule, and every call that one of
-- them made, so that it can be told whether all of it really ran.

alter table @extschema@._setting drop constraint _setting_kind;
alter table @extschema@._setting add constraint _setting_kind
check (kind in ('choice', 'integer', 'interval', 'schedule'));

insert into @extschema@._setting (name, default_value, kind, choices, description)
values
(
    'cleanup_schedule', '*/5 * * * *', 'schedule', null,
    'when pg_cron calls cleanup: five fields in the zone of pg_cron, or off'
),
(
    'cleanup_max_duration', '4 minutes', 'interval', null,
    'how long one scheduled cleanup may take; keep it below the time between two'
),
(
    'cleanup_jobs', 'one', 'choice', array['one', 'per_policy'],
    'one job for all policies in turn, or one for each, so that tables do not wait for each other'
),
(
    'vacuum_schedule', '17 3 * * *', 'schedule', null,
    'when pg_cron vacuums each table that has a policy, or off'
),
(
    'prune_schedule', '47 3 * * *', 'schedule', null,
    'when pg_cron removes old rows of our jobs from its own history, or off'
),
(
    'cron_history_keep_age', '7 days', 'interval', null,
    'rows of our jobs in cron.job_run_details older than this are removed'
),
(
    'cron_history_keep_count', '5000', 'integer', null,
    'at most so many rows of our jobs stay in cron.job_run_details'
);

create table @extschema@._job (
    job_name text primary key,
    kind text not null,
    relation_id oid,
    schedule text not null,
    time_zone text not null,
    command text not null,
    role_name name not null,
    cron_database name not null,
    cron_job_id bigint not null,
    database_oid oid not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by name not null default session_user,
    constraint _job_kind check (kind in ('cleanup', 'vacuum', 'prune'))
);
comment on table @extschema@._job is
'The jobs of pg_cron as they were put on their schedule, with its time zone.';

create table @extschema@._call (
    call_id bigint generated always as identity primary key,
    job_name text not null,
    started_at timestamptz not null,
    deadline timestamptz not null,
    finished_at timestamptz,
    outcome text,
    detail text,
    passes integer not null default 0,
    rows bigint not null default 0,
    pid integer not null default pg_backend_pid(),
    backend_start timestamptz,
    role_name name not null default current_user,
    application_name text,
    constraint _call_outcome check (
        outcome in ('done', 'failed', 'interrupted', 'upgraded', 'busy', 'piled_up')
    ),
    constraint _call_finished check ((finished_at is null) = (outcome is null))
);
comment on table @extschema@._call is
'One row per call that a scheduled job made, also for one that died or had nothing to do.';
create index _call_job_started on @extschema@._call (job_name, started_at);
