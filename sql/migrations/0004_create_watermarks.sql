-- The engine of cleanup: where passes stand, how they remove rows, and how hard
-- they work.

-- 10000 was the default and nobody's wish: without a number, batches follow the clock.
alter table @extschema@._policy alter column batch_rows drop not null;
update @extschema@._policy set batch_rows = null
where batch_rows = 10000;
alter table @extschema@._policy add column strategy text not null default 'auto';
alter table @extschema@._policy add column hours text;
alter table @extschema@._policy add column synchronous_commit boolean not null default false;
alter table @extschema@._policy add constraint _policy_strategy
check (strategy in ('auto', 'range', 'pages'));

alter table @extschema@._run alter column batch_rows drop not null;
alter table @extschema@._run add column strategy text;
alter table @extschema@._run add column strategy_reason text;
alter table @extschema@._run add column duty numeric;
alter table @extschema@._run add column target interval;
alter table @extschema@._run add column blocked integer not null default 0;
alter table @extschema@._run add column gated interval not null default '0 s';
alter table @extschema@._run add column waiting_for text;

create table @extschema@._watermark (
    policy_id bigint primary key,
    shape text not null,
    after text,
    swept_at timestamptz,
    leaf_id oid,
    leaf_after text,
    leaf_page bigint,
    ms_per_row double precision,
    saved_at timestamptz not null default clock_timestamp()
);
comment on table @extschema@._watermark is
'How far the passes of a policy are: the time before which nothing expired is left, and where the last one stopped.';

alter table @extschema@._setting add column lowest text;
alter table @extschema@._setting add column highest text;
alter table @extschema@._setting drop constraint _setting_kind;
alter table @extschema@._setting add constraint _setting_kind
check (kind in ('choice', 'integer', 'interval', 'schedule', 'duty', 'size', 'age', 'count', 'query'));

update @extschema@._setting
set
    default_value = '50 ms',
    description = 'how long a batch waits for one lock; keep it at a quarter of batch_target or less'
where name = 'lock_timeout';

insert into @extschema@._setting (name, default_value, kind, lowest, highest, description)
values
(
    'batch_target', '200 ms', 'interval', '50 ms', '10 s',
    'how long one batch should take; nobody waits much longer than this for a row of ours'
),
(
    'batch_wal', '64', 'integer', null, null,
    'megabytes of WAL that one batch should write at most'
),
(
    'duty', 'normal', 'duty', null, null,
    'share of the time in which a pass works: gentle (0.2), normal (0.5), full (1), or a number from 0.01 to 1'
),
(
    'sweep_interval', '1 day', 'interval', '1 minute', null,
    'how often a pass looks for rows that came late while many dead rows are in the way; else always'
),
(
    'gate_replica_lag', '1 GB', 'size', null, null,
    'passes wait while a replica has more WAL than this to replay, or off'
),
(
    'gate_slot_lag', '16 GB', 'size', null, null,
    'passes wait while a replication slot keeps more WAL than this, or off'
),
(
    'gate_archive_queue', '128', 'count', null, null,
    'passes wait while more WAL files than this wait for the archiver, or off'
),
(
    'gate_wal_rate', 'off', 'size', null, null,
    'passes wait while the server writes more WAL than this per second, or off'
),
(
    'gate_horizon', 'off', 'age', null, null,
    'passes wait while something keeps dead rows from being removed for longer than this, or off'
),
(
    'gate_load_query', 'off', 'query', null, null,
    'passes wait while this SQL expression gives 1 or more, or off; it runs with their rights'
);

insert into @extschema@._setting (name, default_value, kind, choices, description)
values
(
    'gate_autovacuum', 'off', 'choice', array['on', 'off'],
    'whether a pass waits while its table is vacuumed'
),
(
    'gate_unknown', 'open', 'choice', array['open', 'shut'],
    'what a gate is that cannot be read, for example for want of pg_monitor'
);
