-- requires: _health_finding
-- health: how far replicas are behind, or this server when it is one. 100 MB or
-- a minute is a warning, 1 GB or ten minutes critical.
create or replace function @extschema@._health_replicas()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when r.lag is null then 'unknown'
            when r.lag > 1024 ^ 3 then 'critical'
            when r.lag > 100 * 1024 ^ 2 then 'warning'
            else 'ok'
        end,
        r.application_name, coalesce(format('%s of WAL to replay', pg_size_pretty(r.lag)), 'its place cannot be seen'), r.lag, 'bytes', '100 MB', 'exact', null,
        case when r.lag is null then format('grant pg_read_all_stats to %I;', current_user) end, null,
        case when r.lag is null then 'pg_read_all_stats' end
    )
    from (
        select
            s.application_name,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.replay_lsn) as lag
        from pg_stat_replication as s
    ) as r
    union all
    select @extschema@._health_finding(
        case when w.behind > 600 then 'critical' when w.behind > 60 then 'warning' else 'ok' end,
        'this standby', format('replayed up to %s', pg_last_xact_replay_timestamp()), w.behind, 's', '60 s', 'exact'
    )
    from (
        select
            case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                else round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()))
            end
    ) as w (behind)
    where pg_is_in_recovery()
$$;
comment on function @extschema@._health_replicas() is
'health: how far replicas are behind.';
