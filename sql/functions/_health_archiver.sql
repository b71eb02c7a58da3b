-- requires: _health_finding
-- health: WAL that cannot be archived fills the disk. The last try failed:
-- critical.
create or replace function @extschema@._health_archiver()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then 'critical' else 'ok' end,
        null,
        case
            when a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
                then format('%s could not be archived at %s', a.last_failed_wal, a.last_failed_time)
            else format('last archived: %s', coalesce(a.last_archived_wal, 'nothing yet'))
        end,
        a.failed_count, 'failures', '0', 'exact', clock_timestamp() - a.stats_reset,
        case
            when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then 'mend what archive_command writes to; the server log says why it failed'
        end,
        'manual'
    )
    from pg_stat_archiver as a
    where current_setting('archive_mode') <> 'off'
$$;
comment on function @extschema@._health_archiver() is
'health: WAL that cannot be archived.';
