-- Partitions: what a policy says about making and removing them, passes of that
-- kind, and the tables that were detached and wait for their end.

alter table @extschema@._policy add column partition_interval interval;
alter table @extschema@._policy add column premake integer not null default 4;
alter table @extschema@._policy add column partition_remove text not null default 'drop';
alter table @extschema@._policy add column detached_schema name;
alter table @extschema@._policy add column detached_keep interval not null default '7 days';
alter table @extschema@._policy add column managed_by text not null default 'us';
-- The format of names that pg_partman 4 gave; null: as pg_partman 5 does.
alter table @extschema@._policy add column partition_format text;
alter table @extschema@._policy add constraint _policy_partition_interval
check (partition_interval > '0 s');
alter table @extschema@._policy add constraint _policy_premake check (premake between 0 and 500);
alter table @extschema@._policy add constraint _policy_partition_remove
check (partition_remove in ('drop', 'detach', 'move'));
alter table @extschema@._policy add constraint _policy_detached_keep check (detached_keep >= '0 s');
alter table @extschema@._policy add constraint _policy_managed_by check (managed_by in ('us', 'observe', 'drive'));

alter table @extschema@._run add column kind text not null default 'cleanup';
alter table @extschema@._run add column partitions_made integer not null default 0;
alter table @extschema@._run add column partitions_removed integer not null default 0;
alter table @extschema@._run add constraint _run_kind check (kind in ('cleanup', 'rotation'));

create table @extschema@._detached (
    detached_id bigint generated always as identity primary key,
    policy_id bigint not null,
    parent_schema name not null,
    parent_table name not null,
    relation_id oid not null,
    schema_name name not null,
    table_name name not null,
    lower_bound text not null,
    upper_bound text not null,
    run_id bigint not null,
    detached_at timestamptz not null default clock_timestamp(),
    drop_after timestamptz not null,
    dropped_at timestamptz,
    dropped_by_run bigint
);
comment on table @extschema@._detached is
'Partitions that a pass detached: nothing that is not in here is ever dropped later.';
create index _detached_policy on @extschema@._detached (policy_id, detached_id) where dropped_at is null;

create table @extschema@._detaching (
    relation_id oid primary key,
    policy_id bigint not null,
    run_id bigint not null,
    detacher text not null,
    schema_name name not null,
    table_name name not null,
    lower_bound text not null,
    upper_bound text not null,
    row_estimate bigint not null,
    give_up_at timestamptz not null,
    asked_at timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    ended_at timestamptz,
    error_sqlstate text,
    error_message text
);
comment on table @extschema@._detaching is
'Partitions that a pass has asked another session to detach concurrently; its next step settles what came of it.';

create table @extschema@._noted_set (
    policy_id bigint primary key,
    content jsonb not null
);
comment on table @extschema@._noted_set is
'The partitions of a table as its last pass listed them; valid while none was attached or detached since.';

alter table @extschema@._job drop constraint _job_kind;
alter table @extschema@._job add constraint _job_kind
check (kind in ('cleanup', 'vacuum', 'prune', 'sample', 'rotation'));

insert into @extschema@._setting (name, default_value, kind, lowest, highest, description)
values
(
    'rotation_schedule', '23 * * * *', 'schedule', null, null,
    'when pg_cron calls rotate, or off; only where a policy has a partition_interval'
),
(
    'rotation_max_duration', '30 minutes', 'interval', '1 minute', null,
    'how long one scheduled rotation may take'
);
