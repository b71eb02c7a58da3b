-- What people are told: incidents, and what was sent to whom. And totals of the
-- ledger that do not fall when old passes are removed from it.

create table @extschema@._total (
    policy_id bigint,
    outcome text,
    passes bigint not null,
    rows numeric not null,
    primary key (policy_id, outcome)
);
comment on table @extschema@._total is
'Passes that are not in the ledger any more, summed up by outcome.';

create table @extschema@._incident (
    -- Not a number: a restored copy must not send what another one sent under the same name.
    incident_id uuid primary key default gen_random_uuid(),
    kind text not null,
    fingerprint text not null,
    check_id text not null,
    object text,
    detail text not null,
    remediation text,
    began_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    end_reason text,
    constraint _incident_kind check (kind in ('failed', 'late', 'suspended', 'finding')),
    constraint _incident_ended check ((ended_at is null) = (end_reason is null)),
    constraint _incident_end_reason check (end_reason in ('over', 'acknowledged'))
);
comment on table @extschema@._incident is
'What somebody should know: passes that failed or are late, suspended policies, critical findings.';
create unique index _incident_open on @extschema@._incident (fingerprint, kind) where ended_at is null;
create index _incident_ended on @extschema@._incident (ended_at);

create table @extschema@._delivery (
    incident_id uuid references @extschema@._incident (incident_id) on delete restrict,
    event text,
    channel text,
    queued_at timestamptz not null default clock_timestamp(),
    attempts integer not null default 0,
    next_try_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    problem text,
    primary key (incident_id, channel, event),
    constraint _delivery_event check (event in ('began', 'over'))
);
comment on table @extschema@._delivery is
'What was, and what has still to be, sent through which channel.';
create index _delivery_due on @extschema@._delivery (channel, next_try_at) where sent_at is null;
