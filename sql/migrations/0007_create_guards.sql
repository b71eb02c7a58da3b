-- What keeps a pass from removing the wrong rows: holds, guards with what was
-- allowed, and the audit of every decision.

create table @extschema@._hold (
    hold_id bigint generated always as identity primary key,
    relation_id oid not null,
    schema_name name not null,
    table_name name not null,
    condition text,
    reason text not null,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    created_by name not null default session_user,
    released_at timestamptz,
    released_by name,
    release_reason text,
    constraint _hold_reason check (reason ~ '\S'),
    constraint _hold_released check ((released_at is null) = (release_reason is null))
);
comment on table @extschema@._hold is
'Rows that must stay although they are expired; released ones stay in the list.';

create table @extschema@._suspended (
    policy_id bigint primary key,
    guard text not null,
    guards text[] not null,
    detail text not null,
    since timestamptz not null,
    run_id bigint not null
);
comment on table @extschema@._suspended is
'Policies whose last pass was refused by a guard, with what it found.';

create table @extschema@._allowance (
    allowance_id bigint generated always as identity primary key,
    policy_id bigint not null,
    guards text[] not null,
    after_run bigint not null,
    clock_at timestamptz not null,
    reason text,
    at timestamptz not null default now(),
    role_name name not null default session_user
);
comment on table @extschema@._allowance is
'What a new policy announced, or somebody confirmed: it counts until one pass after it was done.';
create table @extschema@._used (
    allowance_id bigint primary key,
    run_id bigint not null
);
comment on table @extschema@._used is
'Allowances that a pass used up; rows only come, so that nothing is allowed twice.';

create index _allowance_policy on @extschema@._allowance (policy_id, allowance_id);

create table @extschema@._audit (
    -- Not a number: rows that a restore brings must not meet those that it causes.
    audit_id uuid primary key default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    session_role name not null,
    acting_role name not null,
    action text not null,
    object text not null,
    table_name text,
    before jsonb,
    after jsonb
);
comment on table @extschema@._audit is
'Every change of policies, holds, settings and confirmations: who, when, before, after.';
create index _audit_at on @extschema@._audit (at);

alter table @extschema@._run add column clock_at timestamptz;

-- Nobody was asked before there were guards: policies go on until one pass is done.
insert into @extschema@._allowance (policy_id, guards, after_run, clock_at, reason)
select
    p.policy_id,
    array['tightened', 'source', 'share', 'usual'] as guards,
    coalesce(max(r.run_id), 0) as after_run,
    now() as clock_at,
    'the policy is older than the guards' as reason
from @extschema@._policy as p
left join @extschema@._run as r on p.policy_id = r.policy_id
group by p.policy_id;

insert into @extschema@._setting (name, default_value, kind, lowest, highest, description)
values
(
    'guard_rows', '10000', 'integer', null, null,
    'a pass that removes fewer rows than this is never too much; nor is a source that sent fewer missed'
),
(
    'guard_share', '50', 'integer', null, null,
    'a pass that would remove more percent of its table than this, unexpectedly, waits for confirm; above 100 never'
),
(
    'guard_usual', '10', 'integer', null, null,
    'a pass that would remove more than so many times the usual waits for confirm'
),
(
    'guard_clock', '1 day', 'interval', '1 hour', null,
    'a clock that moved by more than this without a sign of life in the table waits for confirm'
),
(
    'keep_audit', '3 years', 'interval', '30 days', null,
    'rows of the audit older than this are removed'
);
