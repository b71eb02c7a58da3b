-- Who waits for a lock, for whom, and who is at the root of it: a session that
-- waits for nobody. Asks the lock manager once for each that waits. The pid 0 is a
-- prepared transaction. health runs this text where we are not installed: nothing
-- of ours may be named in it.
create or replace function @extschema@._blocked_queries()
returns table (
    pid integer,
    blocked_by integer[],
    root_pid integer,
    waiting_for interval,
    lock_mode text,
    object text,
    database_name name,
    role_name name,
    application_name text,
    query text,
    root_state text,
    root_query text
)
language sql
volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive waiting as materialized (
        select
            l.pid, min(l.waitstart) as since, max(l.mode) as mode, max(l.relation) as relation_id,
            max(l.database) as database_id, max(l.locktype) as locktype
        from pg_locks as l
        where not l.granted and l.pid <> pg_backend_pid()
        group by l.pid
    ),

    edge as materialized (
        select distinct w.pid, b.blocker
        from waiting as w
        cross join lateral unnest(pg_blocking_pids(w.pid)) as b (blocker)
    ),

    reached as (
        select e.blocker as root_pid, e.pid
        from edge as e
        where e.blocker not in (select w.pid from waiting as w)
        union
        select r.root_pid, e.pid
        from reached as r
        inner join edge as e on e.blocker = r.pid
    ),

    activity as materialized (
        select a.pid, a.datname, a.usename, a.application_name, a.state, a.query from pg_stat_activity as a
    )

    select
        w.pid,
        (select array_agg(e.blocker order by e.blocker) from edge as e where e.pid = w.pid) as blocked_by,
        (select min(r.root_pid) from reached as r where r.pid = w.pid) as root_pid,
        clock_timestamp() - w.since as waiting_for,
        w.mode as lock_mode,
        case
            when w.database_id = (select d.oid from pg_database as d where d.datname = current_database())
                then coalesce((select format('%I.%I', n.nspname, c.relname) from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace where c.oid = w.relation_id), w.locktype)
            else w.locktype
        end as object,
        a.datname as database_name,
        a.usename as role_name,
        a.application_name,
        left(regexp_replace(a.query, '\s+', ' ', 'g'), 200) as query,
        b.state as root_state,
        left(regexp_replace(b.query, '\s+', ' ', 'g'), 200) as root_query
    from waiting as w
    left join activity as a on a.pid = w.pid
    left join activity as b on b.pid = (select min(r.root_pid) from reached as r where r.pid = w.pid)
    where exists (select from edge as e where e.pid = w.pid)
    order by 3, 4 desc
$$;
comment on function @extschema@._blocked_queries() is
'Who waits for a lock, for whom, and who is at the root of it.';
