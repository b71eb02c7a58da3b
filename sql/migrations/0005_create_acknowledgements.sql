-- Health: findings that somebody has seen and wants silenced for a while, and
-- from where on a check warns.

create table @extschema@._acknowledgement (
    fingerprint text primary key,
    reason text not null,
    silent_until timestamptz not null,
    acknowledged_at timestamptz not null default now(),
    acknowledged_by name not null default session_user,
    constraint _acknowledgement_reason check (reason !~ '^\s*$')
);
comment on table @extschema@._acknowledgement is
'Findings of health that are silenced: why, and until when.';

insert into @extschema@._setting (name, default_value, kind, choices, description)
values
(
    'health_connections', '80', 'integer', null,
    'health warns when more than this percentage of the connections is taken'
),
(
    'health_connections_critical', '95', 'integer', null,
    'and from this percentage on it is critical'
),
(
    'health_long', '5 minutes', 'interval', null,
    'health warns of queries and transactions that run, or are idle in a transaction, for longer than this'
),
(
    'health_dead_rows', '1000', 'integer', null,
    'health warns of tables with more dead rows than this'
),
(
    'health_dead_percent', '20', 'integer', null,
    'and with more than this percentage of dead rows'
),
(
    'health_dead_rule', 'both', 'choice', array['both', 'either'],
    'whether both of these have to be exceeded, or either'
),
(
    'health_horizon', '1 hour', 'interval', null,
    'health warns when something keeps dead rows from being removed for longer than this'
),
(
    'health_index_size', '10 MB', 'size', null,
    'health names unused and duplicate indexes larger than this'
),
(
    'health_index_unused', '30 days', 'interval', null,
    'health names indexes that nobody used for so long'
),
(
    'health_bloat', '70', 'integer', null,
    'health warns when more than this percentage of a heap is empty'
),
(
    'health_bloat_size', '100 MB', 'size', null,
    'and the heap is larger than this'
),
(
    'health_wraparound', '1050000000', 'integer', null,
    'health warns when more transaction IDs than this are used, of 2100 million'
),
(
    'health_wraparound_critical', '1600000000', 'integer', null,
    'and from so many on it is critical'
),
(
    'health_sequences', '85', 'integer', null,
    'health warns when more than this percentage of a sequence is used'
),
(
    'health_sequences_critical', '95', 'integer', null,
    'and from this percentage on it is critical'
),
(
    'health_slot_size', '1 GB', 'size', null,
    'health warns when a replication slot that is not in use keeps more WAL than this'
),
(
    'health_replica_size', '100 MB', 'size', null,
    'health warns when a replica has more WAL than this to replay'
),
(
    'health_replica_size_critical', '1 GB', 'size', null,
    'and from this size on it is critical'
),
(
    'health_replica_lag', '1 minute', 'interval', null,
    'health of a standby warns when it is further behind than this'
),
(
    'health_replica_lag_critical', '10 minutes', 'interval', null,
    'and from this time on it is critical'
);
