-- A sign of life for the passes of this session that wait for their turn; without
-- one for 60 s somebody else would take them over.
create or replace function @extschema@._renew_heartbeats()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._run as r
    set heartbeat_at = clock_timestamp()
    from pg_stat_activity as a
    where
        a.pid = pg_backend_pid()
        and r.pid = a.pid
        and r.backend_start = a.backend_start
        and r.stop_reason is null
        and r.heartbeat_at < clock_timestamp() - interval '5 s'
$$;
comment on function @extschema@._renew_heartbeats() is
'A sign of life for the passes of this session that wait for their turn.';
