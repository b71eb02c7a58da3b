-- requires: _health_finding, _health_settings
-- health: how far replicas are behind, by the settings health_replica_size and its
-- _critical; or this server when it is one, by health_replica_lag and its _critical.
create or replace function @extschema@._health_replicas()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    with threshold as (
        select
            j ->> 'health_replica_size' as size,
            case j ->> 'health_replica_size' when 'off' then null else pg_size_bytes(j ->> 'health_replica_size') end as warning,
            case j ->> 'health_replica_size_critical' when 'off' then null else pg_size_bytes(j ->> 'health_replica_size_critical') end as critical,
            (j ->> 'health_replica_lag')::interval as late, (j ->> 'health_replica_lag_critical')::interval as too_late
        from @extschema@._health_settings() as j
    )

    select @extschema@._health_finding(
        case when r.lag is null then 'unknown' when r.lag >= t.critical then 'critical' when r.lag > t.warning then 'warning' else 'ok' end,
        r.application_name, coalesce(format('%s of WAL to replay', pg_size_pretty(r.lag)), 'its place cannot be seen'), r.lag, 'bytes', t.size, 'exact', null,
        case
            when r.lag is null then format('grant pg_read_all_stats to %I;', current_user)
            when r.lag > t.warning then 'look at the replica: a long query there, a slow disk, or a slow line'
        end,
        case when r.lag is null then 'none' else 'manual' end,
        case when r.lag is null then 'pg_read_all_stats' end
    )
    from (
        select
            s.application_name,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.replay_lsn) as lag
        from pg_stat_replication as s
    ) as r
    cross join threshold as t
    union all
    select @extschema@._health_finding(
        case when w.behind >= extract(epoch from t.too_late) then 'critical' when w.behind > extract(epoch from t.late) then 'warning' else 'ok' end,
        'this standby',
        case
            when pg_is_wal_replay_paused() then format('its replay is paused, up to %s', pg_last_xact_replay_timestamp())
            else format('replayed up to %s', pg_last_xact_replay_timestamp())
        end,
        w.behind, 's', t.late::text, 'exact', null,
        case
            when w.behind <= extract(epoch from t.late) then null
            when pg_is_wal_replay_paused() then 'select pg_wal_replay_resume();'
            else 'look for a long query here, recovery_min_apply_delay, a slow disk'
        end,
        case when pg_is_wal_replay_paused() then 'none' else 'manual' end
    )
    from (
        select
            case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                else round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()))
            end
    ) as w (behind)
    cross join threshold as t
    where pg_is_in_recovery()
$$;
comment on function @extschema@._health_replicas() is
'health: how far replicas are behind.';
