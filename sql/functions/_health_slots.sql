-- requires: _health_finding
-- health: replication slots that keep WAL: lost or about to be is critical,
-- inactive with more than 1 GB is a warning.
create or replace function @extschema@._health_slots()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when s.wal_status in ('lost', 'unreserved') then 'critical'
            when not s.active and s.kept > 1024 ^ 3 then 'warning'
            else 'ok'
        end,
        s.slot_name, format('it is %s and keeps %s of WAL (%s)', case when s.active then 'in use' else 'not in use' end, pg_size_pretty(s.kept), s.wal_status),
        s.kept, 'bytes', '1 GB while not in use', 'exact', null,
        case
            when s.wal_status in ('lost', 'unreserved') or not s.active and s.kept > 1024 ^ 3
                then 'find out who reads from it; drop it when nobody will again: its reader then has to be made anew'
        end,
        'manual'
    )
    from (
        select
            r.slot_name, r.active, coalesce(r.wal_status, 'reserved') as wal_status,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, r.restart_lsn) as kept
        from pg_replication_slots as r
    ) as s
$$;
comment on function @extschema@._health_slots() is
'health: replication slots that keep WAL.';
