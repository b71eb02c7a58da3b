-- requires: _partitions_of, _rotation_frame, _set_version
-- What _partition_set says, after one partition was attached or detached in this transaction: the
-- list of before with it or without it, where nothing else changed and both would be the same as a
-- new list. In any other case it stays as it is; its version is another one then, and the next
-- step lists anew.
create or replace function @extschema@._set_after(p_policy @extschema@._policy, p_set jsonb, p_partition oid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_version jsonb := @extschema@._set_version(p_policy);
    v_since timestamptz := (p_set ->> 'since')::timestamptz;
    v_until timestamptz := (p_set ->> 'until')::timestamptz;
    v_floor timestamptz := (p_set ->> 'floor')::timestamptz;
    v_taken tstzmultirange;
    v_gone jsonb;
    v_came record;
    v_newest jsonb := jsonb_build_object();
begin
    select e.listed into v_gone from jsonb_array_elements(p_set -> 'expired') as e (listed) where (e.listed ->> 'relation_id')::oid = p_partition;
    if v_gone is not null then
        v_taken := (p_set ->> 'taken')::tstzmultirange
            - tstzmultirange(tstzrange((v_gone ->> 'lower_at')::timestamptz, (v_gone ->> 'upper_at')::timestamptz));
        if
            p_partition in ((p_set ->> 'last')::oid, (p_set ->> 'model')::oid)
            -- A bound of what is gone, unless the next one begins there.
            or not ((v_gone ->> 'upper_at')::timestamptz < v_floor or v_taken @> v_floor)
            or v_version <> (p_set -> 'version') || jsonb_build_object(
                'partitions', (p_set #>> '{version,partitions}')::bigint - 1, 'marks', (p_set #>> '{version,marks}')::numeric - (v_gone ->> 'mark')::numeric
            )
        then
            return p_set;
        end if;
        return p_set || jsonb_build_object(
            'version', v_version, 'taken', v_taken::text,
            'expired', (
                select coalesce(jsonb_agg(e.listed order by e.n), '[]')
                from jsonb_array_elements(p_set -> 'expired') with ordinality as e (listed, n)
                where (e.listed ->> 'relation_id')::oid <> p_partition
            )
        );
    end if;
    select p.lower_at, p.upper_at, hash_record_extended(row(i.inhrelid, i.xmin), 0)::numeric as mark into v_came
    from @extschema@._rotation_frame(p_policy, v_since, v_since) as f
    cross join lateral @extschema@._partitions_of(
        (p_policy).relation_id, (p_policy).time_type, f.zone, (p_policy).epoch_unit, array[p_partition]
    ) as p
    inner join pg_inherits as i on i.inhrelid = p.relation_id;
    if
        not found or v_came.upper_at <= v_since or p_set ->> 'last' is distinct from p_set ->> 'model'
        or (isfinite((p_set ->> 'end')::timestamptz) and isfinite(v_came.upper_at)) is not true
        or v_version <> (p_set -> 'version') || jsonb_build_object(
            'partitions', (p_set #>> '{version,partitions}')::bigint + 1, 'marks', (p_set #>> '{version,marks}')::numeric + v_came.mark
        )
    then
        return p_set;
    end if;
    if v_came.upper_at > (p_set ->> 'end')::timestamptz then
        v_newest := jsonb_build_object('end', v_came.upper_at, 'origin', v_came.upper_at, 'last', p_partition, 'model', p_partition);
    end if;
    return p_set || v_newest || jsonb_strip_nulls(jsonb_build_object(
        'version', v_version,
        'taken', ((p_set ->> 'taken')::tstzmultirange + tstzmultirange(tstzrange(v_came.lower_at, v_came.upper_at)))::text,
        'floor', greatest(v_floor, case when v_came.lower_at <= v_since then v_came.lower_at end),
        'until', least(v_until, case when v_came.lower_at > v_since then v_came.lower_at end, v_came.upper_at)
    ));
end
$$;
comment on function @extschema@._set_after(@extschema@._policy, jsonb, oid) is
'What _partition_set says, after one partition was attached or detached in this transaction.';
