-- Conversions of plain tables into partitioned ones: where each of them stands,
-- so that it goes on after whatever stopped it, and what an undo needs.

create table @extschema@._conversion (
    conversion_id bigint generated always as identity primary key,
    policy_id bigint not null,
    relation_id oid not null,
    parent_id oid,
    schema_name name not null,
    table_name name not null,
    old_name name not null,
    new_name name not null,
    check_name name not null,
    names jsonb not null,
    shape text not null,
    time_column name not null,
    time_type text not null,
    epoch_unit text,
    time_zone text not null,
    partition_interval interval not null,
    premake integer not null,
    boundary timestamptz not null,
    lower_literal text not null,
    upper_literal text not null,
    step text not null default 'build',
    tries integer not null default 0,
    moved_rows bigint not null default 0,
    last_error text,
    last_error_at timestamptz,
    started_at timestamptz not null default clock_timestamp(),
    started_by name not null default session_user,
    changed_at timestamptz not null default clock_timestamp(),
    swapped_at timestamptz,
    finished_at timestamptz,
    constraint _conversion_step check (
        step in (
            'build', 'check', 'validate', 'swap', 'keys', 'done', 'undo', 'open', 'move', 'close', 'undo_keys', 'undone'
        )
    ),
    constraint _conversion_finished check ((finished_at is not null) = (step in ('done', 'undone')))
);
comment on table @extschema@._conversion is
'Conversions of plain tables into partitioned ones, and where each of them stands.';
create unique index _conversion_relation on @extschema@._conversion (relation_id) where step <> 'undone';
