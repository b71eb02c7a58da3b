-- requires: _grid_wall
-- The bound after p_bound: months and days by the calendar of the zone, hours and
-- less by elapsed time, so that an hour that comes twice is two cells and none is
-- missing. In UTC these are pg_partman's bounds. Reads no table.
create or replace function @extschema@._grid_next(p_bound timestamptz, p_interval interval, p_zone text)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_calendar interval := make_interval(
        months => (extract(year from p_interval) * 12 + extract(month from p_interval))::integer,
        days => extract(day from p_interval)::integer
    );
    v_clock interval := p_interval - v_calendar;
    v_wall timestamp;
    v_next timestamptz;
begin
    if p_zone is null or p_interval > interval '0' is not true or isfinite(p_bound) is not true then
        raise exception 'no bound % after %', p_interval, p_bound
            using errcode = 'invalid_parameter_value', hint = 'A grid has finite bounds and a positive interval.';
    end if;
    if v_calendar = interval '0' then
        return (p_bound at time zone 'UTC' + p_interval) at time zone 'UTC';
    end if;
    v_wall := @extschema@._grid_wall(p_bound, p_zone);
    loop
        v_wall := v_wall + v_calendar;
        v_next := (v_wall at time zone p_zone at time zone 'UTC' + v_clock) at time zone 'UTC';
        -- A zone that skips a whole day has two wall clocks for one instant.
        exit when v_next > p_bound;
    end loop;
    return v_next;
end
$$;
comment on function @extschema@._grid_next(timestamptz, interval, text) is
'The next bound of a grid.';
