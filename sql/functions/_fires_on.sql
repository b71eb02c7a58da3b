-- requires: _parse_schedule, _has_clock_change
-- The instants at which a schedule fires on one day of a zone. pg_cron turns
-- every minute into the zone's wall clock and compares: a time that a clock
-- change skips never comes, one that is repeated comes twice.
create or replace function @extschema@._fires_on(p_schedule text, p_time_zone text, p_day date)
returns setof timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts record;
begin
    select s.* into v_parts from @extschema@._parse_schedule(p_schedule) as s;
    if not (
        extract(month from p_day) = any(v_parts.months) and extract(dow from p_day) = any(v_parts.weekdays)
        and case when v_parts.last_day then extract(day from p_day + 1) = 1 else extract(day from p_day) = any(v_parts.days) end
    ) then
        return;
    end if;
    if not @extschema@._has_clock_change(p_time_zone, p_day) then
        return query
        select (p_day + make_time(h, m, 0)) at time zone p_time_zone
        from unnest(v_parts.hours) as h
        cross join unnest(v_parts.minutes) as m
        order by 1;
        return;
    end if;
    return query
    select u.at
    from generate_series((p_day::timestamp at time zone p_time_zone) - interval '4:00', (p_day::timestamp at time zone p_time_zone) + interval '28:00', interval '1 minute') as u (at)
    where
        (u.at at time zone p_time_zone)::date = p_day
        and extract(hour from u.at at time zone p_time_zone) = any(v_parts.hours)
        and extract(minute from u.at at time zone p_time_zone) = any(v_parts.minutes)
    order by 1;
end
$$;
comment on function @extschema@._fires_on(text, text, date) is
'The instants at which a schedule fires on one day of a zone.';
