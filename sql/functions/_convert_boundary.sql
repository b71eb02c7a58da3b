-- requires: _convert_newest, _grid_floor, _grid_next, _bound_time
-- Until which time rows stay in the table that is being converted: a bound of the
-- grid. Until the swap a row beyond it is refused, so it is a week away at least:
-- time enough for a conversion that was interrupted. An error when a row is there
-- already, or when the wished one is no bound.
create or replace function @extschema@._convert_boundary(
    p_policy @extschema@._policy,
    p_interval interval,
    p_wish timestamptz
)
returns timestamptz
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- A wall clock has its own grid: the instants are those at which UTC shows it.
    v_is_wall boolean := (p_policy).time_type in ('timestamp', 'date');
    v_zone text := case when (p_policy).time_type in ('timestamp', 'date') then 'UTC' else (p_policy).time_zone end;
    v_now timestamptz := case
        when (p_policy).time_type in ('timestamp', 'date') then (clock_timestamp() at time zone (p_policy).time_zone) at time zone 'UTC'
        else clock_timestamp()
    end;
    v_newest_text text := @extschema@._convert_newest((p_policy).relation_id, (p_policy).time_column);
    v_newest timestamptz := coalesce(
        @extschema@._bound_time(v_newest_text, (p_policy).time_type, v_zone, (p_policy).epoch_unit), v_now
    );
    v_boundary timestamptz := case when v_is_wall then (p_wish at time zone (p_policy).time_zone) at time zone 'UTC' else p_wish end;
begin
    if v_boundary is null then
        if v_newest > v_now + greatest(p_interval, interval '7 days') then
            raise exception 'the newest row of %.% is of %, far in the future', quote_ident((p_policy).schema_name), quote_ident((p_policy).table_name), v_newest_text
                using errcode = 'object_not_in_prerequisite_state',
                hint = 'Correct such rows first, or name a later p_boundary (command line: --boundary): the old table takes all rows before it.';
        end if;
        v_boundary := @extschema@._grid_next(
            @extschema@._grid_floor(greatest(v_now, v_newest) + interval '7 days', p_interval, v_zone), p_interval, v_zone
        );
    elsif v_boundary <> @extschema@._grid_floor(v_boundary, p_interval, v_zone) then
        raise exception '% is not where a partition of % begins', v_boundary, p_interval
            using errcode = 'invalid_parameter_value',
            hint = format('The next one is %s.', @extschema@._grid_next(@extschema@._grid_floor(v_boundary, p_interval, v_zone), p_interval, v_zone));
    elsif v_boundary <= v_newest or v_boundary < v_now + interval '1 hour' then
        raise exception 'rows may come after % before the conversion is done', v_boundary
            using errcode = 'invalid_parameter_value',
            hint = format('Name one after %s, or none.', greatest(v_newest, v_now + interval '1 hour'));
    end if;
    return v_boundary;
end
$$;
comment on function @extschema@._convert_boundary(@extschema@._policy, interval, timestamptz) is
'Until which time rows stay in the table that is being converted.';
