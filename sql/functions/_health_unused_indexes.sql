-- requires: _health_finding, _health_settings, _health_policies, _largest_indexes
-- health: indexes larger than the setting health_index_size that nobody used in
-- 30 days of statistics while their table was used. Replicas count their own
-- scans: hence a warning to look there, and never a statement to run blindly.
create or replace function @extschema@._health_unused_indexes()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when s.since is null or s.since > clock_timestamp() - interval '30 days' then 'skipped' else 'warning' end,
        format('%I.%I', x.schema_name, x.index_name),
        case
            when s.since is null or s.since > clock_timestamp() - interval '30 days'
                then 'no scan was counted, but statistics do not reach back 30 days'
            else format('no scan since %s', s.since)
        end,
        x.bytes, 'bytes', s.most, 'exact', clock_timestamp() - s.since,
        format('look at the replicas first; then drop index concurrently %I.%I', x.schema_name, x.index_name), 'manual'
    )
    from @extschema@._largest_indexes() as x
    inner join pg_index as i on i.indexrelid = x.index_id
    cross join (
        select @extschema@._health_settings() ->> 'health_index_size', d.stats_reset
        from pg_stat_database as d
        where d.datname = current_database()
    ) as s (most, since)
    where
        x.scans = 0 and x.bytes > case s.most when 'off' then null else pg_size_bytes(s.most) end
        and not i.indisunique and not i.indisreplident and not i.indisexclusion and i.indisvalid
        -- What leads with the time column is ours to use.
        and not exists (
            select from @extschema@._health_policies() as p
            inner join pg_attribute as a on a.attrelid = p.relation_id and a.attname = p.time_column
            where p.relation_id = i.indrelid and a.attnum = i.indkey[0]
        )
        and not exists (
            select from pg_constraint as k
            where k.contype = 'f' and k.conrelid = i.indrelid and k.conkey[1] = i.indkey[0]
        )
$$;
comment on function @extschema@._health_unused_indexes() is
'health: large indexes that nobody uses.';
