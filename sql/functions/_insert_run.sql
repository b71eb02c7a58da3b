-- requires: _cutoff_of, _cutoff_literal, _predicate, _holds_of, _clock
-- Writes the ledger row of a new pass: the cutoff is computed here, once. p_state: the
-- first one, with what _partition_set says.
create or replace function @extschema@._insert_run(
    p_policy @extschema@._policy,
    p_deadline timestamptz,
    p_keep interval,
    p_batch_rows integer,
    p_state jsonb,
    p_kind text default 'cleanup'
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into @extschema@._run (
        policy_id, relation_id, schema_name, table_name, version, epoch, keep, keep_override, cutoff, predicate,
        batch_rows, duty, target, started_at, deadline, heartbeat_at, backend_start, application_name, clock_at, kind
    )
    select
        (p_policy).policy_id, (p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name,
        i.version, (p_policy).epoch, k.keep, p_keep is not null, c.cutoff,
        @extschema@._predicate(
            (p_policy).time_column, (p_policy).time_type,
            @extschema@._cutoff_literal(c.cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
            (p_policy).condition, @extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name)
        ),
        coalesce(p_batch_rows, (p_policy).batch_rows), (p_state ->> 'duty')::numeric,
        make_interval(secs => (p_state ->> 'target')::double precision / 1000), clock_timestamp(), p_deadline, clock_timestamp(),
        (select a.backend_start from pg_stat_activity as a where a.pid = pg_backend_pid()),
        current_setting('application_name'), @extschema@._clock(), p_kind
    from @extschema@._installation as i
    cross join lateral (select coalesce(p_keep, (p_policy).keep) as keep) as k
    cross join lateral @extschema@._cutoff_of(p_policy, k.keep, @extschema@._clock(), p_state -> 'set') as c (cutoff)
    returning run_id
$$;
comment on function @extschema@._insert_run(@extschema@._policy, timestamptz, interval, integer, jsonb, text) is
'Writes the ledger row of a new pass and returns its run_id.';
