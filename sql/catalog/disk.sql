-- What fills a disk beside tables: WAL that somebody still needs. Null where the
-- role may not look.
select
    pg_catalog.pg_database_size(pg_catalog.current_database()) as database_bytes,
    (
        select
            pg_catalog.format(
                'replication slot %%s keeps %%s of WAL', s.slot_name,
                pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn))
            )
        from pg_catalog.pg_replication_slots as s
        where
            not pg_catalog.pg_is_in_recovery() and not s.active
            and pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn) > 67108864
        order by s.restart_lsn
        limit 1
    ) as slot,
    (
        select pg_catalog.format('the archiver fails since %%s, and all WAL waits for it', a.last_failed_time)
        from pg_catalog.pg_stat_archiver as a
        where a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
    ) as archiver;
