-- requires: _partitions_of, _rotation_frame, _set_version
-- All partitions of a policy taken together, as passes carry it in their state: with
-- thousands of them the list is what takes the time. "taken": what their bounds cover;
-- "origin": the last bound, from which the grid is counted; "floor": the bound at or below the
-- cutoff; "last" and "model": the newest one, and the newest that others are made like;
-- "expired": those below the cutoff, oldest first. Null where there is nothing to rotate.
create or replace function @extschema@._partition_set(
    p_policy @extschema@._policy,
    p_now timestamptz,
    p_cutoff timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_frame record;
begin
    if
        (p_policy).partition_interval is null or (p_policy).managed_by <> 'us'
        or not exists (
            select from pg_partitioned_table as t
            inner join pg_attribute as a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
            where t.partrelid = (p_policy).relation_id and t.partstrat = 'r' and t.partnatts = 1 and a.attname = (p_policy).time_column
        )
    then
        return null;
    end if;
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, p_now, p_cutoff) as f;
    return (
        select jsonb_build_object(
            'version', @extschema@._set_version(p_policy),
            'taken', coalesce(range_agg(tstzrange(p.lower_at, p.upper_at)), '{}')::text,
            'origin', coalesce(max(p.upper_at) filter (where isfinite(p.upper_at)), max(p.lower_at) filter (where isfinite(p.lower_at))),
            'floor', greatest(
                max(p.lower_at) filter (where isfinite(p.lower_at) and p.lower_at <= v_frame.cutoff_at),
                max(p.upper_at) filter (where isfinite(p.upper_at) and p.upper_at <= v_frame.cutoff_at)
            ),
            'last', (array_agg(p.relation_id order by p.upper_at desc, p.relation_id))[1],
            'model', (array_agg(p.relation_id order by p.upper_at desc, p.relation_id desc) filter (where not p.detach_pending and p.relation_kind = 'r'))[1],
            'expired', coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'relation_id', p.relation_id, 'lower_literal', p.lower_literal, 'upper_literal', p.upper_literal,
                        'upper_at', p.upper_at, 'detach_pending', p.detach_pending
                    )
                    order by p.upper_at
                ) filter (where p.upper_at <= v_frame.cutoff_at),
                '[]'
            )
        )
        from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, v_frame.zone, (p_policy).epoch_unit) as p
        where not p.is_default
    );
end
$$;
comment on function @extschema@._partition_set(@extschema@._policy, timestamptz, timestamptz) is
'All partitions of a policy taken together, as passes carry it in their state.';
