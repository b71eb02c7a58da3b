-- requires: _health_finding, _health_settings
-- health: replication slots that keep WAL: lost or about to be is critical,
-- inactive with more than the setting health_slot_size is a warning.
create or replace function @extschema@._health_slots()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when s.lost then 'critical' when s.forgotten then 'warning' else 'ok' end,
        s.slot_name,
        format(
            'it is %s and keeps %s of WAL (%s)%s', case when s.active then 'in use' else 'not in use' end,
            coalesce(pg_size_pretty(s.kept), 'none'), s.wal_status,
            case when s.lost or s.forgotten then '; drop it when nobody will read from it again: its reader then has to be made anew' else '' end
        ),
        s.kept, 'bytes', format('%s while not in use', s.most), 'exact', null,
        case
            when (s.lost or s.forgotten) and s.active then format('select pg_terminate_backend(%s, 5000); select pg_drop_replication_slot(%L);', s.active_pid, s.slot_name)
            when s.lost or s.forgotten then format('select pg_drop_replication_slot(%L);', s.slot_name)
        end
    )
    from (
        select
            r.slot_name, r.active, r.active_pid, w.wal_status, w.kept, w.wal_status in ('lost', 'unreserved') as lost,
            not r.active and w.kept > case t.most when 'off' then null else pg_size_bytes(t.most) end as forgotten, t.most
        from pg_replication_slots as r
        cross join (select @extschema@._health_settings() ->> 'health_slot_size') as t (most)
        cross join lateral (
            select
                coalesce(r.wal_status, 'reserved'),
                pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, r.restart_lsn)
        ) as w (wal_status, kept)
    ) as s
$$;
comment on function @extschema@._health_slots() is
'health: replication slots that keep WAL.';
