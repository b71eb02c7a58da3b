-- requires: _partitions_of, _grid_next, _partition_name, _qualified_name, _clock
-- Why pg_partman could not go on with a set of ours: what it reads wrongly, would stop
-- at for ever, or would leave a hole after. Null when it could. p_zone is the time zone
-- of its sessions. Locks nothing. Called by hand_back.
create or replace function @extschema@._hand_back_refusal(p_policy @extschema@._policy, p_zone text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := @extschema@._qualified_name((p_policy).relation_id);
    v_one record;
    v_next timestamptz;
    v_taken name;
begin
    if (p_policy).schema_name ~ '[.'']' or (p_policy).table_name ~ '[.'']' then
        return format('pg_partman cannot tell the parts of %s, which has a period or an apostrophe in its name', v_name);
    end if;
    select
        count(*) as number,
        max(p.table_name) filter (where p.lower_literal = 'MINVALUE' or p.upper_at = 'infinity') as endless,
        max(p.table_name) filter (where p.lower_at = '-infinity' and p.upper_at > @extschema@._clock()) as current,
        max(p.table_name) filter (where p.detach_pending) as pending,
        max(p.table_name) filter (where p.relation_kind <> 'r') as other
    into v_one
    from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as p
    where not p.is_default;
    if v_one.number = 0 then
        return format('%s has no partitions, and pg_partman goes on from the newest', v_name);
    elsif v_one.endless is not null then
        return format('pg_partman cannot read the bounds of %I, which has no beginning or no end', v_one.endless);
    elsif v_one.current is not null then
        return format('%I begins at -infinity and holds the present: the maintenance of pg_partman would count from there for ever', v_one.current);
    elsif v_one.pending is not null then
        return format('%I is detached by half', v_one.pending);
    elsif v_one.other is not null then
        return format('%I is not an ordinary table', v_one.other);
    end if;
    select p.table_name, p.lower_at, p.upper_at into v_one
    from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as p
    where not p.is_default
    order by p.upper_at desc
    limit 1;
    if not isfinite(v_one.lower_at) or @extschema@._grid_next(v_one.lower_at, (p_policy).partition_interval, p_zone) <> v_one.upper_at then
        return format(
            'the newest partition, %I, is not as long as %s is in the time zone %s, and pg_partman would go on from its beginning',
            v_one.table_name, (p_policy).partition_interval, p_zone
        );
    end if;
    v_next := v_one.upper_at;
    for v_number in 0 .. (p_policy).premake loop
        v_taken := @extschema@._partition_name(
            (p_policy).table_name, v_next, (p_policy).partition_interval, p_zone, (p_policy).partition_format
        );
        if to_regclass(format('%I.%I', (p_policy).schema_name, v_taken)) is not null then
            return format('the name %I is taken, and pg_partman would leave a hole instead of that partition', v_taken);
        end if;
        v_next := @extschema@._grid_next(v_next, (p_policy).partition_interval, p_zone);
    end loop;
    return null;
end
$$;
comment on function @extschema@._hand_back_refusal(@extschema@._policy, text) is
'Why pg_partman could not go on with a set of ours; null when it could.';
