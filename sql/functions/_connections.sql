-- The connections to the server, counted, beside what ordinary roles may take. A
-- role without pg_read_all_stats sees the state of its own only: the others are
-- "hidden". health runs this text where we are not installed: nothing of ours may
-- be named in it.
create or replace function @extschema@._connections()
returns table (
    database_name name,
    role_name name,
    state text,
    connections bigint,
    longest interval,
    max_open bigint
)
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select
        a.datname as database_name,
        a.usename as role_name,
        case
            when a.state is not null then a.state
            when a.backend_type is null then 'hidden'
            else 'unknown'
        end as state,
        count(*) as connections,
        max(clock_timestamp() - a.state_change) as longest,
        (
            select
                sum(case when s.name = 'max_connections' then s.setting::bigint else -s.setting::bigint end)
            from pg_settings as s
            where s.name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
        )::bigint as max_open
    from pg_stat_activity as a
    where a.datname is not null and (a.backend_type = 'client backend' or a.backend_type is null)
    group by 1, 2, 3
    order by 4 desc, 1, 2, 3
$$;
comment on function @extschema@._connections() is
'The connections to the server, counted by database, role and state.';
