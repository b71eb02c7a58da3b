-- What this database is: cluster, database, timeline. Compared with what was
-- recorded at install. The timeline cannot be read during recovery: null then.
create or replace function @extschema@._identity(
    out system_identifier bigint,
    out database_oid oid,
    out timeline integer
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        c.system_identifier,
        d.oid,
        case when not pg_is_in_recovery() then
            ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer
        end
    from pg_control_system() as c
    cross join pg_database as d
    where d.datname = current_database()
$$;
comment on function @extschema@._identity() is
'System identifier, database oid and timeline of the server we run on.';
