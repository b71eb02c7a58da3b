-- Queries that are at work, and transactions that wait for their client, longest
-- first. Without pg_read_all_stats only the role's own can be seen. health runs
-- this text where we are not installed: nothing of ours may be named in it.
create or replace function @extschema@._long_queries()
returns table (
    pid integer,
    database_name name,
    role_name name,
    application_name text,
    state text,
    running_for interval,
    transaction_for interval,
    waits_for text,
    query text
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select
        a.pid,
        a.datname as database_name,
        a.usename as role_name,
        a.application_name,
        a.state,
        clock_timestamp() - case when a.state = 'active' then a.query_start else a.state_change end as running_for,
        clock_timestamp() - a.xact_start as transaction_for,
        a.wait_event_type || ': ' || a.wait_event as waits_for,
        left(regexp_replace(a.query, '\s+', ' ', 'g'), 200) as query
    from pg_stat_activity as a
    where
        a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
        and (a.state = 'active' or a.state like 'idle in transaction%')
    order by 6 desc
$$;
comment on function @extschema@._long_queries() is
'Queries at work and transactions that wait for their client, longest first.';
