-- Asks the pass of a backend to stop at its next batch boundary; the command
-- line calls this from a second connection when it is interrupted.
create or replace function @extschema@._request_stop(p_pid integer)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into @extschema@._stop_request (pid) values (p_pid) on conflict (pid) do nothing
$$;
comment on function @extschema@._request_stop(integer) is
'Asks the pass of a backend to stop at its next batch boundary.';
