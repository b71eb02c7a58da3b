-- requires: _partitions_of, _rotation_frame, _cutoff_of, _missing_partitions, _removal_rule, _partition_key
-- Behind the view partition_sets and the checks of health: one row for each partitioned
-- table with a policy. "covered_until" is how far from now partitions reach without a gap;
-- null when not even now is covered. Runs with its owner's rights, so that readers see
-- the policies; takes no argument, only reads, and locks no partition.
create or replace function @extschema@._partition_sets()
returns table (
    schema_name name,
    table_name name,
    partition_interval interval,
    premake integer,
    managed_by text,
    partitions bigint,
    covered_until timestamptz,
    missing bigint,
    gaps bigint,
    first_gap text,
    expired bigint,
    default_schema name,
    default_name name,
    default_rows bigint,
    half_detached bigint,
    detached bigint,
    rule text,
    reason text,
    fix text,
    relation_id oid
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        p.schema_name, p.table_name, p.partition_interval, p.premake, p.managed_by, s.partitions,
        (
            select
                case when p.time_type in ('timestamp', 'date') and isfinite(upper(u.covered)) then (upper(u.covered) at time zone 'UTC') at time zone p.time_zone else upper(u.covered) end
            from unnest(s.covered) as u (covered)
            where u.covered @> f.now_at
        ),
        g.missing, g.gaps, g.first_gap, s.expired, d.schema_name, d.table_name,
        case when d.row_estimate >= 0 or d.live > 0 then greatest(d.row_estimate::bigint, d.live) end,
        s.half_detached,
        (select count(*) from @extschema@._detached as e where e.policy_id = p.policy_id and e.dropped_at is null),
        r.rule, r.reason, r.fix, p.relation_id
    from @extschema@._policy as p
    cross join lateral @extschema@._partition_key(p.relation_id) as k
    cross join lateral (select @extschema@._cutoff_of(p, p.keep, now()) as cutoff) as c
    cross join lateral @extschema@._rotation_frame(p, now(), c.cutoff) as f
    cross join lateral @extschema@._removal_rule(p) as r
    cross join lateral (
        select
            count(*) filter (where not m.is_default) as partitions,
            -- What a session is at work on at this moment is not left half done.
            count(*) filter (where m.detach_pending and not exists (
                select from @extschema@._detaching as d where d.relation_id = m.relation_id and d.ended_at is null and d.give_up_at > now()
            )) as half_detached,
            count(*) filter (where not m.is_default and m.upper_at <= f.cutoff_at) as expired,
            coalesce(range_agg(tstzrange(m.lower_at, m.upper_at)) filter (where not m.is_default and not m.detach_pending), '{}') as covered,
            -- One that is half detached still has its range: nothing else can have it.
            coalesce(range_agg(tstzrange(m.lower_at, m.upper_at)) filter (where not m.is_default), '{}') as taken,
            coalesce(max(m.upper_at) filter (where isfinite(m.upper_at)), max(m.lower_at) filter (where isfinite(m.lower_at))) as origin
        from @extschema@._partitions_of(p.relation_id, p.time_type, f.zone, p.epoch_unit) as m
    ) as s
    left join lateral (
        select n.nspname as schema_name, m.relname as table_name, m.reltuples as row_estimate, pg_stat_get_live_tuples(m.oid) as live
        from pg_partitioned_table as t
        inner join pg_class as m on m.oid = t.partdefid
        inner join pg_namespace as n on n.oid = m.relnamespace
        where t.partrelid = p.relation_id
    ) as d on true
    left join lateral (
        select
            count(*) as missing, count(*) filter (where m.is_gap) as gaps,
            min(format('%s to %s', trim(m.lower_literal, ''''), trim(m.upper_literal, ''''))) filter (where m.is_gap) as first_gap
        from @extschema@._missing_partitions(p, now(), c.cutoff, s.taken, s.origin) as m
        -- Not only in the join: there it would be asked first, and has no answer without an interval.
        where p.partition_interval is not null
    ) as g on p.partition_interval is not null
    where k.problem is null and k.column_name = p.time_column
$$;
comment on function @extschema@._partition_sets() is
'One row for each partitioned table with a policy, for readers of the view partition_sets.';
