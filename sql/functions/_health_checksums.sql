-- requires: _health_finding
-- health: pages whose checksum was wrong. Without checksums nobody would know.
create or replace function @extschema@._health_checksums()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when current_setting('data_checksums') <> 'on' then 'skipped' when d.checksum_failures > 0 then 'critical' else 'ok' end,
        null,
        case
            when current_setting('data_checksums') <> 'on' then 'data checksums are off: nobody looks'
            when d.checksum_failures > 0 then format('%s pages, the last at %s', d.checksum_failures, d.checksum_last_failure)
            else 'no page was wrong'
        end,
        d.checksum_failures, 'pages', '0', 'exact', clock_timestamp() - d.stats_reset,
        case when d.checksum_failures > 0 then 'stop, take a copy of the files, look at the disk, restore from a backup' end, 'manual'
    )
    from pg_stat_database as d
    where d.datname = current_database()
$$;
comment on function @extschema@._health_checksums() is
'health: pages whose checksum was wrong.';
