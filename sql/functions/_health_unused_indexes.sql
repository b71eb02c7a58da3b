-- requires: _health_finding, _health_settings, _health_policies, _largest_indexes
-- health: indexes larger than the setting health_index_size that nobody used for
-- the time health_index_unused, by statistics. Replicas count their own
-- scans: hence the advice to look there before.
create or replace function @extschema@._health_unused_indexes()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when s.since < clock_timestamp() - s.long then 'warning' else 'skipped' end,
        format('%I.%I', x.schema_name, x.index_name),
        case
            when s.since < clock_timestamp() - s.long then format('no scan since %s; look at the replicas before it goes', s.since)
            else format('no scan was counted, but statistics do not reach back %s', s.long)
        end,
        x.bytes, 'bytes', s.most, 'exact', clock_timestamp() - s.since,
        case
            when s.since < clock_timestamp() - s.long
                then format('drop index%s %I.%I;', case c.relkind when 'I' then '' else ' concurrently' end, x.schema_name, x.index_name)
        end,
        case c.relkind when 'I' then 'ACCESS EXCLUSIVE' else 'SHARE UPDATE EXCLUSIVE' end
    )
    from @extschema@._largest_indexes() as x
    inner join pg_index as i on i.indexrelid = x.index_id
    inner join pg_class as c on c.oid = x.index_id
    cross join (
        select j ->> 'health_index_size', (j ->> 'health_index_unused')::interval, d.stats_reset
        from pg_stat_database as d
        cross join @extschema@._health_settings() as j
        where d.datname = current_database()
    ) as s (most, long, since)
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
