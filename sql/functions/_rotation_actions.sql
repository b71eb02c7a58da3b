-- requires: _missing_partitions, _rotation_frame, _partition_set, _removal_rule, _clock
-- requires: _is_detached, _keeps_detached
-- What a rotation of one policy would do now, in its order: make partitions, detach
-- expired ones, drop detached ones whose time has come; and "keep", what it would leave
-- with the reason. The pass does what this says, the dry run prints it. Each kind at most
-- p_limit times. p_set: what _partition_set says, when the caller has it. Locks nothing.
create or replace function @extschema@._rotation_actions(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_set jsonb default null,
    p_limit integer default 1000
)
returns table (
    action text,
    relation_id oid,
    schema_name name,
    table_name name,
    lower_literal text,
    upper_literal text,
    detached_id bigint,
    row_estimate bigint,
    detail text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_frame record;
    v_rule record;
    v_now timestamptz := @extschema@._clock();
    v_set jsonb := p_set;
    v_missing bigint;
begin
    if (p_policy).partition_interval is null or (p_policy).managed_by <> 'us' then
        return;
    end if;
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, v_now, p_cutoff) as f;
    v_set := coalesce(v_set, @extschema@._partition_set(p_policy, v_now, p_cutoff));
    return query
    select
        'create', null::oid, (p_policy).schema_name, m.table_name, m.lower_literal, m.upper_literal, null::bigint, null::bigint,
        case when m.is_gap then 'no partition covers this' else 'ahead of time' end
    from @extschema@._missing_partitions(
        p_policy, v_now, p_cutoff, (v_set ->> 'taken')::tstzmultirange, (v_set ->> 'origin')::timestamptz, p_limit
    ) as m;
    get diagnostics v_missing = row_count;
    if v_missing >= p_limit then
        return;
    end if;
    if v_set #> '{expired,0}' is not null then
        select r.rule, r.reason, r.fix into v_rule from @extschema@._removal_rule(p_policy) as r;
        return query
        select
            case when m.is_last then 'keep' when m.detach_pending then 'finalize' else 'detach' end,
            m.relation_id, m.schema_name, m.table_name, m.lower_literal, m.upper_literal, null::bigint,
            greatest(m.row_estimate::bigint, pg_stat_get_live_tuples(m.relation_id), 0),
            case
                when m.is_last then 'expired, but the last one stays'
                when m.detach_pending then 'a concurrent detach was not finished'
                when v_rule.rule = 'bound' then format('expired%s', case (p_policy).partition_remove when 'drop' then '' else format('; it stays for %s', (p_policy).detached_keep) end)
                else format('expired; once %s: %s', case v_rule.rule when 'rows' then 'no row of it must stay' else 'it is empty' end, v_rule.reason)
            end
        from (
            select
                e.ordinality, p.*, c.relname as table_name, n.nspname as schema_name, c.reltuples as row_estimate,
                -- Never the last one, unless others are made first: from an empty set nobody can go on.
                p.relation_id = (v_set ->> 'last')::oid and v_missing = 0 as is_last
            from jsonb_array_elements(v_set -> 'expired') with ordinality as e (listed, ordinality)
            cross join lateral jsonb_to_record(e.listed) as p (
                relation_id oid, lower_literal text, upper_literal text, upper_at timestamptz, detach_pending boolean
            )
            inner join pg_class as c on c.oid = p.relation_id
            inner join pg_namespace as n on n.oid = c.relnamespace
            where p.upper_at <= v_frame.cutoff_at
        ) as m
        order by m.ordinality
        limit p_limit;
    end if;
    return query
    select
        case when k.keeps then 'keep' else 'drop' end, d.relation_id, d.schema_name, d.table_name, d.lower_bound, d.upper_bound, d.detached_id,
        greatest(c.reltuples::bigint, 0), format('detached at %s%s', d.detached_at, case when k.keeps then '; its policy keeps it for longer by now' else '' end)
    from @extschema@._detached as d
    left join pg_class as c on c.oid = d.relation_id
    cross join lateral (select @extschema@._keeps_detached(p_policy, p_cutoff, d) as keeps) as k
    where d.policy_id = (p_policy).policy_id and d.dropped_at is null and d.drop_after <= v_now and @extschema@._is_detached(d)
    order by d.detached_id
    limit p_limit;
end
$$;
comment on function @extschema@._rotation_actions(@extschema@._policy, timestamptz, jsonb, integer) is
'What a rotation of one policy would do now, in its order.';
