-- Is the session of an unfinished call still inside it? What the server does
-- not show us (another role's session, and on a standby the primary's) counts as
-- alive until a minute after the call's deadline.
create or replace function @extschema@._call_alive(p_call @extschema@._call)
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when pg_is_in_recovery() then clock_timestamp() < (p_call).deadline + interval '1 min'
            else
                (p_call).pid <> pg_backend_pid()
                and exists (
                    select from pg_stat_activity as a
                    where
                        a.pid = (p_call).pid
                        and case
                            when a.backend_start is null then clock_timestamp() < (p_call).deadline + interval '1 min'
                            else a.backend_start = (p_call).backend_start and a.state = 'active' and a.query_start <= (p_call).started_at
                        end
                )
        end
$$;
comment on function @extschema@._call_alive(@extschema@._call) is
'Is the session of an unfinished call still inside it?';
