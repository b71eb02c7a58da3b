-- requires: _grid_wall, _grid_next
-- The lower bound of the cell that covers p_at. A set goes on from p_origin, one of
-- its bounds. Without one the cells begin where pg_partman 5 would begin a set
-- whose first partition is for p_at: at the hour, day, month, year … it lies in.
create or replace function @extschema@._grid_floor(
    p_at timestamptz,
    p_interval interval,
    p_zone text,
    p_origin timestamptz default null
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_months integer := (extract(year from p_interval) * 12 + extract(month from p_interval))::integer;
    v_days integer := extract(day from p_interval)::integer;
    v_calendar interval := make_interval(months => v_months, days => v_days);
    v_clock interval := p_interval - v_calendar;
    v_at timestamp := p_at at time zone p_zone;
    v_wall timestamp;
    v_bound timestamptz := p_origin;
    v_next timestamptz;
    v_cells bigint := 0::bigint;
begin
    if
        p_zone is null or p_interval > interval '0' is not true or isfinite(p_at) is not true
        or not coalesce(isfinite(p_origin), true)
    then
        raise exception 'no cell of % covers %', p_interval, p_at
            using errcode = 'invalid_parameter_value', hint = 'A grid has finite bounds and a positive interval.';
    end if;
    if p_origin is null then
        v_wall := date_trunc(
            case
                when p_interval >= interval '1000 years' then 'millennium'
                when p_interval >= interval '100 years' then 'century'
                when p_interval >= interval '10 years' then 'decade'
                when p_interval >= interval '1 year' then 'year'
                when p_interval >= interval '1 month' then 'month'
                when p_interval >= interval '1 day' then 'day'
                when p_interval >= interval '1 minute' then 'hour'
                else 'minute'
            end, v_at
        );
        -- An hour is found by elapsed time: its wall clock may come twice.
        v_bound := case
            when p_interval >= interval '1 day' then v_wall at time zone p_zone
            else (p_at at time zone 'UTC' - (v_at - v_wall)) at time zone 'UTC'
        end;
    else
        v_wall := @extschema@._grid_wall(p_origin, p_zone);
    end if;
    if v_calendar = interval '0' then
        v_cells := floor((extract(epoch from p_at) - extract(epoch from v_bound)) / extract(epoch from p_interval))::bigint;
        return (v_bound at time zone 'UTC' + p_interval * v_cells) at time zone 'UTC';
    end if;
    -- Leap to the neighbourhood where many steps are the same as one long one.
    if v_clock = interval '0' and v_months = 0 then
        v_cells := floor(extract(epoch from v_at - v_wall) / 86400 / v_days)::bigint;
    elsif v_clock = interval '0' and v_days = 0 and extract(day from v_wall) <= 28 then
        v_cells := floor(
            ((extract(year from v_at) - extract(year from v_wall)) * 12 + extract(month from v_at) - extract(month from v_wall)) / v_months
        )::bigint;
    end if;
    v_wall := v_wall + v_calendar * v_cells;
    if v_cells <> 0 then
        v_bound := v_wall at time zone p_zone;
    end if;
    while v_bound > p_at loop
        v_wall := v_wall - p_interval;
        v_bound := v_wall at time zone p_zone;
    end loop;
    loop
        v_next := @extschema@._grid_next(v_bound, p_interval, p_zone);
        exit when v_next > p_at;
        v_bound := v_next;
    end loop;
    return v_bound;
end
$$;
comment on function @extschema@._grid_floor(timestamptz, interval, text, timestamptz) is
'The lower bound of the grid''s cell that covers a time.';
