-- Tables about the installation itself: version, objects, home, settings. All
-- tables are private; people read the views and call the functions.

create table @extschema@._installation (
    only_row boolean primary key default true,
    version text not null,
    migration integer not null,
    has_code boolean not null default true,
    reader_role name,
    operator_role name,
    server_major integer not null,
    installed_at timestamptz not null default now(),
    installed_by name not null default session_user,
    constraint _installation_only_row check (only_row)
);
comment on table @extschema@._installation is
'One row: the version of pytelemetry_db in this schema, and who may use it.';

create table @extschema@._object (
    kind text,
    identity text,
    aspect text,
    fingerprint text not null,
    primary key (kind, identity, aspect)
);
comment on table @extschema@._object is
'What the installed release put into this schema, as fingerprints; verify compares with it.';

create table @extschema@._home (
    only_row boolean primary key default true,
    system_identifier bigint not null,
    database_oid oid not null,
    timeline integer not null,
    recorded_at timestamptz not null default now(),
    constraint _home_only_row check (only_row)
);
comment on table @extschema@._home is
'One row: the server and database that the policies were made for; another one is a copy.';

create table @extschema@._installation_log (
    log_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    role_name name not null default session_user,
    action text not null,
    from_version text,
    to_version text,
    script_sha256 text,
    reason text
);
comment on table @extschema@._installation_log is
'Every install, confirmation and change of identity, in order; rows are never changed.';

create table @extschema@._setting (
    name text primary key,
    default_value text not null,
    kind text not null,
    choices text[],
    description text not null,
    constraint _setting_kind check (kind in ('choice', 'integer', 'interval'))
);
comment on table @extschema@._setting is
'The settings there are, with their defaults.';

insert into @extschema@._setting (name, default_value, kind, choices, description)
values
(
    'on_promotion', 'continue', 'choice', array['continue', 'suspend'],
    'what passes do after the timeline changed (a failover, or a promoted copy)'
),
(
    'runs_keep_age', '400 days', 'interval', null,
    'ledger rows older than this are removed (the last one of a table stays)'
),
(
    'runs_keep_count', '2000', 'integer', null,
    'at most so many ledger rows stay for each table'
),
(
    'lock_timeout', '500 ms', 'interval', null,
    'how long a batch waits for one lock; keep it below deadlock_timeout'
),
(
    'analyze_percent', '5', 'integer', null,
    'a pass that removed at least this share of a table ends with ANALYZE'
);

create table @extschema@._setting_value (
    name text primary key references @extschema@._setting (name),
    value text not null,
    changed_at timestamptz not null default now(),
    changed_by name not null default session_user
);
comment on table @extschema@._setting_value is
'Settings that were changed with set_setting.';
