-- requires: _cutoff, _rotation_frame, _removal_rule, _partition_set, _grid_floor
-- The cutoff of a policy: now minus its keep, and where whole partitions go by their
-- bounds, the bound below it. Rows of a partition that is expired in part would be deleted
-- shortly before all of it is dropped. Never more than one interval below now minus keep.
-- p_set: what _partition_set says for p_now minus p_keep, when the caller has it.
create or replace function @extschema@._cutoff_of(
    p_policy @extschema@._policy,
    p_keep interval,
    p_now timestamptz,
    p_set jsonb default null
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_cutoff timestamptz := @extschema@._cutoff(p_keep, (p_policy).time_zone, p_now);
    v_frame record;
    v_floor timestamptz;
    v_set jsonb := p_set;
begin
    if (select r.rule from @extschema@._removal_rule(p_policy) as r) is distinct from 'bound' then
        return v_cutoff;
    end if;
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, p_now, v_cutoff) as f;
    v_set := coalesce(v_set, @extschema@._partition_set(p_policy, p_now, v_cutoff));
    if v_set is null then
        return v_cutoff;
    end if;
    v_floor := greatest(
        (v_set ->> 'floor')::timestamptz,
        @extschema@._grid_floor(v_frame.cutoff_at, (p_policy).partition_interval, v_frame.zone, (v_set ->> 'origin')::timestamptz)
    );
    -- The bounds of a naive type are wall clock times; never later than the cutoff itself.
    return least(
        v_cutoff,
        case when (p_policy).time_type in ('timestamp', 'date') then (v_floor at time zone 'UTC') at time zone (p_policy).time_zone else v_floor end
    );
end
$$;
comment on function @extschema@._cutoff_of(@extschema@._policy, interval, timestamptz, jsonb) is
'The instant before which rows of a policy are expired, on the bound of a partition where those are dropped.';
