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
    'health warns when more than this percentage of the connections is taken; 95 is critical'
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
);
