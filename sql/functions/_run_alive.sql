-- Is the session of an unfinished run still at work on it? No when its backend
-- is gone, or has ended the statement that began the run; what the server does
-- not show us (another role's session) counts as alive for 60 s after the last
-- sign of life, and so does every run on a standby, whose sessions are the
-- primary's. A sign of life from times to come is none: the clock was set back.
create or replace function @extschema@._run_alive(
    p_pid integer,
    p_backend_start timestamptz,
    p_started_at timestamptz,
    p_heartbeat_at timestamptz
)
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select
        p_heartbeat_at between clock_timestamp() - interval '60 s' and clock_timestamp() + interval '60 s'
        and (
            pg_is_in_recovery()
            or (
                p_pid <> pg_backend_pid()
                and exists (
                    select from pg_stat_activity as a
                    where
                        a.pid = p_pid
                        and (
                            a.backend_start is null
                            or (a.backend_start = p_backend_start and a.state = 'active' and a.query_start <= p_started_at)
                        )
                )
            )
        )
$$;
comment on function @extschema@._run_alive(integer, timestamptz, timestamptz, timestamptz) is
'Is the session of an unfinished run still at work on it?';
