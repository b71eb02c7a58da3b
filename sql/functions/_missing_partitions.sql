-- requires: _rotation_frame, _grid_floor, _grid_next, _partition_name, _bound_literal
-- The partitions that a table lacks: from the cutoff to premake cells beyond the one
-- that holds now, what no partition covers, cell by cell of the grid that the existing
-- ones lie on. Bounds decide, names never; a cell that is covered in part is cut to
-- what is free. p_taken and p_origin are what the present ones cover and their last bound, as
-- _partition_set says. At most p_limit are returned: the present and those ahead, then
-- the gaps of before, each oldest first. Locks nothing.
create or replace function @extschema@._missing_partitions(
    p_policy @extschema@._policy,
    p_now timestamptz,
    p_cutoff timestamptz,
    p_taken tstzmultirange,
    p_origin timestamptz,
    p_limit integer default 1000
)
returns table (
    table_name name,
    lower_at timestamptz,
    upper_at timestamptz,
    lower_literal text,
    upper_literal text,
    is_gap boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_frame record;
    v_interval interval := (p_policy).partition_interval;
    v_origin timestamptz;
    v_from timestamptz;
    v_present timestamptz;
    v_until timestamptz;
    v_free tstzrange;
    v_next timestamptz;
    v_made integer := 0;
begin
    select f.zone, f.now_at, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, p_now, p_cutoff) as f;
    -- Where there is nothing to go on from, as pg_partman would begin.
    v_origin := coalesce(p_origin, @extschema@._grid_floor(v_frame.now_at - (p_policy).premake * v_interval, v_interval, v_frame.zone));
    v_from := @extschema@._grid_floor(v_frame.now_at, v_interval, v_frame.zone, v_origin);
    v_present := v_from;
    v_until := v_from;
    for v_number in 0 .. (p_policy).premake loop
        v_until := @extschema@._grid_next(v_until, v_interval, v_frame.zone);
    end loop;
    if lower(p_taken) < v_from then
        v_from := greatest(lower(p_taken), @extschema@._grid_floor(least(v_frame.cutoff_at, v_from), v_interval, v_frame.zone, v_origin));
    end if;
    if p_taken @> tstzrange(v_from, v_until) then
        return;
    end if;
    for v_free in
        select u.free
        from unnest(array[tstzrange(v_present, v_until), tstzrange(v_from, v_present)]) with ordinality as t (range, place)
        cross join lateral unnest(tstzmultirange(t.range) - p_taken) with ordinality as u (free, n)
        order by t.place, u.n
    loop
        v_next := @extschema@._grid_floor(lower(v_free), v_interval, v_frame.zone, v_origin);
        while v_next < upper(v_free) loop
            lower_at := greatest(v_next, lower(v_free));
            v_next := @extschema@._grid_next(v_next, v_interval, v_frame.zone);
            upper_at := least(v_next, upper(v_free));
            lower_literal := @extschema@._bound_literal(lower_at, (p_policy).time_type, v_frame.zone, (p_policy).epoch_unit);
            upper_literal := @extschema@._bound_literal(upper_at, (p_policy).time_type, v_frame.zone, (p_policy).epoch_unit);
            is_gap := upper_at < upper(p_taken);
            table_name := @extschema@._partition_name((p_policy).table_name, lower_at, v_interval, v_frame.zone, (p_policy).partition_format);
            -- One that would be expired at once would be made and removed for ever.
            if upper_at > lower_at and upper_at > v_frame.cutoff_at and lower_literal <> upper_literal then
                return next;
                v_made := v_made + 1;
                if v_made >= p_limit then
                    return;
                end if;
            end if;
        end loop;
    end loop;
end
$$;
comment on function @extschema@._missing_partitions(
    @extschema@._policy, timestamptz, timestamptz, tstzmultirange, timestamptz, integer
) is
'The partitions that a table lacks, from its cutoff to as far ahead as its policy says.';
