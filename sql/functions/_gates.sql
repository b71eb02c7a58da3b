-- requires: _get_setting, _load, _horizon_holders
-- Every gate as it stands: its reading (1 or more: shut; null: it cannot be read),
-- what was measured, the limit, and what causes it. p_memory is what the last look
-- of this pass left (wal_lsn, wal_at, seen), p_relation_id the table of the pass.
create or replace function @extschema@._gates(p_relation_id oid, p_memory jsonb default '{}')
returns table (gate text, reading numeric, value text, limit_value text, cause text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit text;
    v_lsn pg_lsn := pg_current_wal_insert_lsn();
begin
    v_limit := @extschema@._get_setting('gate_replica_lag');
    if v_limit <> 'off' then
        return query
        select
            'replica_lag', round(pg_wal_lsn_diff(v_lsn, r.replay_lsn) / pg_size_bytes(v_limit), 3),
            pg_size_pretty(pg_wal_lsn_diff(v_lsn, r.replay_lsn)), v_limit, format('replica %s', coalesce(nullif(r.application_name, ''), r.pid::text))
        from pg_stat_replication as r
        order by r.replay_lsn nulls first
        limit 1;
    end if;
    v_limit := @extschema@._get_setting('gate_slot_lag');
    if v_limit <> 'off' then
        return query
        select
            'slot_lag', round(pg_wal_lsn_diff(v_lsn, s.restart_lsn) / pg_size_bytes(v_limit), 3),
            pg_size_pretty(pg_wal_lsn_diff(v_lsn, s.restart_lsn)), v_limit,
            format('replication slot %s (%s)', s.slot_name, case when s.active then 'active' else 'nobody reads it' end)
        from pg_replication_slots as s
        where s.restart_lsn is not null
        order by s.restart_lsn
        limit 1;
    end if;
    v_limit := @extschema@._get_setting('gate_archive_queue');
    if v_limit <> 'off' and current_setting('archive_mode') <> 'off' then
        return query
        select
            'archive_queue', round(q.files / v_limit::numeric, 3), format('%s files', q.files), v_limit,
            case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then format('the archiver fails since %s', a.last_failed_time) else 'the archiver is behind' end
        from pg_stat_archiver as a
        cross join lateral (
            select
                floor((pg_wal_lsn_diff(v_lsn, '0/0')) / w.bytes)
                - (('x' || substr(w.file, 9, 8))::bit(32)::bigint * (4294967296 / w.bytes) + ('x' || substr(w.file, 17, 8))::bit(32)::bigint) - 1 as files
            from (
                select
                    pg_size_bytes(current_setting('wal_segment_size'))::numeric as bytes,
                    -- The one that fails is the first that waits.
                    coalesce(a.last_archived_wal, a.last_failed_wal) as file
            ) as w
            where w.file ~ '^[0-9A-F]{24}$'
        ) as q;
    end if;
    v_limit := @extschema@._get_setting('gate_wal_rate');
    if v_limit <> 'off' and p_memory ? 'wal_lsn' then
        return query
        select
            'wal_rate', round(r.rate / pg_size_bytes(v_limit), 3), pg_size_pretty(r.rate::bigint) || '/s', v_limit || '/s', 'the server writes WAL'
        from (
            select
                pg_wal_lsn_diff(v_lsn, (p_memory ->> 'wal_lsn')::pg_lsn)
                / greatest(extract(epoch from clock_timestamp() - (p_memory ->> 'wal_at')::timestamptz), 0.001) as rate
        ) as r;
    end if;
    if @extschema@._get_setting('gate_autovacuum') = 'on' then
        return query
        select 'autovacuum', 1::numeric, p.phase, 'off', format('pid %s vacuums %s', p.pid, p.relid::regclass)
        from pg_stat_progress_vacuum as p
        where p.relid in (select l.relation_id from @extschema@._leaves(p_relation_id) as l);
    end if;
    v_limit := @extschema@._get_setting('gate_horizon');
    if v_limit <> 'off' then
        return query
        select
            'horizon', round(extract(epoch from h.age) / extract(epoch from v_limit::interval), 3), date_trunc('second', h.age)::text, v_limit, h.holder
        from (
            select
                o.holder,
                clock_timestamp() - coalesce(o.since, (p_memory #>> array['seen', o.holder, o.held_xmin::text])::timestamptz, clock_timestamp()) as age
            from @extschema@._horizon_holders() as o
            where o.visible
        ) as h
        order by h.age desc
        limit 1;
        if not found then
            return query select 'horizon', null::numeric, null, v_limit, o.holder from @extschema@._horizon_holders() as o where not o.visible;
        end if;
    end if;
    v_limit := @extschema@._get_setting('gate_load_query');
    if v_limit <> 'off' then
        begin
            return query select 'load_query', round(l.load, 3), l.load::text, '1', 'the load query says so' from (select @extschema@._load(v_limit) as load) as l;
        exception
            when query_canceled then
                raise;
            when others then
                return query select 'load_query', null::numeric, null, '1', format('the load query failed: %s', sqlerrm);
        end;
    end if;
end
$$;
comment on function @extschema@._gates(oid, jsonb) is
'Every gate as it stands: its reading, what was measured, the limit, and the cause.';
