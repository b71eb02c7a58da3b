-- Who keeps dead rows from being removed here, oldest first: sessions and replicas
-- (by their xmin), prepared transactions, replication slots. "since" is null where
-- the server does not say how long, "xmin" where we may not see it.
create or replace function @extschema@._horizon_holders()
returns table (holder text, since timestamptz, held_xmin xid, visible boolean)
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when a.backend_type = 'walsender' then format('replica %s (hot_standby_feedback)', a.application_name)
            else format('pid %s (%s, %s, %s)', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no application_name'), a.state)
        end,
        coalesce(a.xact_start, a.backend_start), coalesce(a.backend_xmin, a.backend_xid), true
    from pg_stat_activity as a
    where
        a.pid <> pg_backend_pid() and a.backend_type in ('client backend', 'walsender', 'background worker', 'parallel worker')
        and coalesce(a.backend_xmin, a.backend_xid) is not null
        and (a.datname = current_database() or a.datname is null)
    union all
    select 'sessions of other roles', null, null, false
    where exists (
        select from pg_stat_activity as a
        where a.pid <> pg_backend_pid() and a.backend_type is null
    )
    union all
    select format('prepared transaction %L of %s', p.gid, p.owner), p.prepared, p.transaction, true
    from pg_prepared_xacts as p
    where p.database = current_database()
    union all
    select format('replication slot %s', s.slot_name), null, coalesce(s.xmin, s.catalog_xmin), true
    from pg_replication_slots as s
    where coalesce(s.xmin, s.catalog_xmin) is not null
$$;
comment on function @extschema@._horizon_holders() is
'Who keeps dead rows from being removed in this database.';
