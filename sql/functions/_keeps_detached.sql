-- requires: _rotation_frame, _bound_at, _clock
-- Whether a policy that was changed since keeps the rows of a detached table by now. Where a size
-- decides, the cutoff goes up and down by itself and says nothing about it.
create or replace function @extschema@._keeps_detached(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_entry @extschema@._detached
)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select (p_policy).max_size is null and coalesce(
        @extschema@._bound_at((p_entry).upper_bound, (p_policy).time_type, f.zone, (p_policy).epoch_unit) > f.cutoff_at, false
    )
    from @extschema@._rotation_frame(p_policy, @extschema@._clock(), p_cutoff) as f
$$;
comment on function @extschema@._keeps_detached(@extschema@._policy, timestamptz, @extschema@._detached) is
'Whether a policy that was changed since keeps the rows of a detached table.';
