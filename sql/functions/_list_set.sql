-- requires: _partitions_of, _set_version
-- Lists all partitions of a policy for _partition_set, which says what it returns. What is
-- in it of cutoffs holds for those from "since" until before "until", the next bound. The cutoff and
-- the zone are those of _rotation_frame.
create or replace function @extschema@._list_set(p_policy @extschema@._policy, p_zone text, p_cutoff timestamptz)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
    return (
        select jsonb_strip_nulls(jsonb_build_object(
            'version', @extschema@._set_version(p_policy),
            'since', p_cutoff,
            'until', least(
                coalesce(min(p.lower_at) filter (where p.lower_at > p_cutoff), 'infinity'),
                coalesce(min(p.upper_at) filter (where p.upper_at > p_cutoff), 'infinity')
            ),
            'taken', coalesce(range_agg(tstzrange(p.lower_at, p.upper_at)), '{}')::text,
            'origin', coalesce(max(p.upper_at) filter (where isfinite(p.upper_at)), max(p.lower_at) filter (where isfinite(p.lower_at))),
            'floor', greatest(
                max(p.lower_at) filter (where isfinite(p.lower_at) and p.lower_at <= p_cutoff),
                max(p.upper_at) filter (where isfinite(p.upper_at) and p.upper_at <= p_cutoff)
            ),
            'end', max(p.upper_at),
            'last', (array_agg(p.relation_id order by p.upper_at desc, p.relation_id))[1],
            'model', (array_agg(p.relation_id order by p.upper_at desc, p.relation_id desc) filter (where not p.detach_pending and p.relation_kind = 'r'))[1],
            'expired', coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'relation_id', p.relation_id, 'lower_literal', p.lower_literal, 'upper_literal', p.upper_literal,
                        'lower_at', p.lower_at, 'upper_at', p.upper_at, 'detach_pending', p.detach_pending,
                        'mark', (select hash_record_extended(row(i.inhrelid, i.xmin), 0) from pg_inherits as i where i.inhrelid = p.relation_id)
                    )
                    order by p.upper_at
                ) filter (where p.upper_at <= p_cutoff),
                '[]'
            )
        ))
        from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as p
        where not p.is_default
    );
end
$$;
comment on function @extschema@._list_set(@extschema@._policy, text, timestamptz) is
'Lists all partitions of a policy for _partition_set.';
