-- requires: _partitions_of, _rotation_frame, _cutoff_of, _removal_rule
-- Behind the view partitions: every partition of every table with a policy, as the
-- catalog and the statistics have it. Runs with its owner's rights, so that readers see
-- the policies; takes no argument, only reads, and locks no partition. Sizes are what
-- the last VACUUM or ANALYZE counted.
create or replace function @extschema@._partition_rows()
returns table (
    schema_name name,
    table_name name,
    partition_schema name,
    partition_name name,
    is_default boolean,
    lower_bound text,
    upper_bound text,
    lower_at timestamptz,
    upper_at timestamptz,
    state text,
    row_estimate bigint,
    bytes numeric,
    detail text
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        p.schema_name, p.table_name, m.schema_name, m.table_name, m.is_default,
        trim(m.lower_literal, ''''), trim(m.upper_literal, ''''), w.lower_at, w.upper_at,
        case
            when m.detach_pending then 'half detached'
            when m.is_default then 'default'
            when m.upper_at <= f.cutoff_at then 'expired'
            when m.lower_at > f.now_at then 'ahead'
            when m.upper_at > f.now_at then 'present'
            else 'kept'
        end,
        case when m.row_estimate >= 0 or pg_stat_get_live_tuples(m.relation_id) > 0 then greatest(m.row_estimate::bigint, pg_stat_get_live_tuples(m.relation_id)) end,
        b.pages * current_setting('block_size')::numeric,
        case
            when m.detach_pending then 'a concurrent detach was not finished'
            when m.is_default and (m.pages > 0 or pg_stat_get_live_tuples(m.relation_id) > 0) then 'rows that no partition takes'
            when not m.is_default and m.upper_at <= f.cutoff_at and r.rule <> 'bound'
                then format('goes once %s: %s', case r.rule when 'rows' then 'no row of it must stay' else 'it is empty' end, r.reason)
        end
    from @extschema@._policy as p
    inner join pg_partitioned_table as t on t.partrelid = p.relation_id and t.partstrat = 'r' and t.partnatts = 1
    cross join lateral (select @extschema@._cutoff_of(p, p.keep, now()) as cutoff) as c
    cross join lateral @extschema@._rotation_frame(p, now(), c.cutoff) as f
    cross join lateral @extschema@._removal_rule(p) as r
    cross join lateral @extschema@._partitions_of(p.relation_id, p.time_type, f.zone, p.epoch_unit) as m
    -- What the wall clock of a naive type means, as an instant.
    cross join lateral (
        select
            case when p.time_type in ('timestamp', 'date') and isfinite(m.lower_at) then (m.lower_at at time zone 'UTC') at time zone p.time_zone else m.lower_at end as lower_at,
            case when p.time_type in ('timestamp', 'date') and isfinite(m.upper_at) then (m.upper_at at time zone 'UTC') at time zone p.time_zone else m.upper_at end as upper_at
    ) as w
    cross join lateral (
        select
            m.pages
            + coalesce((select sum(i.relpages) from pg_index as x inner join pg_class as i on i.oid = x.indexrelid where x.indrelid = m.relation_id), 0)
            + coalesce((select o.relpages from pg_class as k inner join pg_class as o on o.oid = k.reltoastrelid where k.oid = m.relation_id), 0) as pages
    ) as b
    -- The key is what the policy goes by; another one is told by rotate and health.
    where t.partattrs[0] = (select a.attnum from pg_attribute as a where a.attrelid = p.relation_id and a.attname = p.time_column)
$$;
comment on function @extschema@._partition_rows() is
'Every partition of every table with a policy, for readers of the view partitions.';
