-- requires: _cutoff, _rotation_frame, _removal_rule, _partitions_of, _grid_floor
-- The cutoff of a policy: now minus its keep, and where whole partitions go by their
-- bounds, the bound below it. Rows of a partition that is expired in part would be deleted
-- shortly before all of it is dropped. Never more than one interval below now minus keep.
create or replace function @extschema@._cutoff_of(p_policy @extschema@._policy, p_keep interval, p_now timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_cutoff timestamptz := @extschema@._cutoff(p_keep, (p_policy).time_zone, p_now);
    v_frame record;
    v_floor timestamptz;
    v_origin timestamptz;
begin
    if
        (p_policy).partition_interval is null
        or (select r.rule from @extschema@._removal_rule(p_policy) as r) is distinct from 'bound'
        or not exists (select from pg_partitioned_table as t where t.partrelid = (p_policy).relation_id)
    then
        return v_cutoff;
    end if;
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, p_now, v_cutoff) as f;
    select max(b.at) filter (where b.at <= v_frame.cutoff_at), max(b.at) into v_floor, v_origin
    from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, v_frame.zone, (p_policy).epoch_unit) as p
    cross join lateral (values (p.lower_at), (p.upper_at)) as b (at)
    where isfinite(b.at);
    v_floor := greatest(v_floor, @extschema@._grid_floor(v_frame.cutoff_at, (p_policy).partition_interval, v_frame.zone, v_origin));
    -- The bounds of a naive type are wall clock times; never later than the cutoff itself.
    return least(
        v_cutoff,
        case when (p_policy).time_type in ('timestamp', 'date') then (v_floor at time zone 'UTC') at time zone (p_policy).time_zone else v_floor end
    );
end
$$;
comment on function @extschema@._cutoff_of(@extschema@._policy, interval, timestamptz) is
'The instant before which rows of a policy are expired, on the bound of a partition where those are dropped.';
