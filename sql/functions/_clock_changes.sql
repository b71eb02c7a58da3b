-- requires: _fires_on, _has_clock_change, _parse_schedule
-- What clock changes of a zone do to a schedule within the next year: runs that
-- do not come at all, or twice. None for one that fires every hour.
create or replace function @extschema@._clock_changes(p_schedule text, p_time_zone text, p_from timestamptz)
returns table (day date, detail text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select d.day, format(
        '%s %s in %s %s', d.day, to_char(make_time(f.h, f.m, 0), 'HH24:MI'), p_time_zone,
        case f.times when 0 then 'does not exist: no run that day at that time' else 'comes twice: two runs' end
    )
    from @extschema@._parse_schedule(p_schedule) as s
    cross join lateral (
        select g::date as day
        from generate_series((p_from at time zone p_time_zone)::date, (p_from at time zone p_time_zone)::date + 366, interval '1 day') as g
        where
            @extschema@._has_clock_change(p_time_zone, g::date)
            and extract(month from g) = any(s.months) and extract(dow from g) = any(s.weekdays)
            and (s.last_day or extract(day from g) = any(s.days))
            and (not s.last_day or extract(day from g + interval '1 day') = 1)
    ) as d
    cross join lateral (
        select w.h, w.m, count(a.at) as times
        from (select h, m from unnest(s.hours) as h cross join unnest(s.minutes) as m) as w
        left join @extschema@._fires_on('* * * * *', p_time_zone, d.day) as a (at)
            on w.h = extract(hour from a.at at time zone p_time_zone) and w.m = extract(minute from a.at at time zone p_time_zone)
        group by w.h, w.m
    ) as f
    where cardinality(s.hours) < 24 and f.times <> 1
    order by d.day, f.h, f.m
    limit 10
$$;
comment on function @extschema@._clock_changes(text, text, timestamptz) is
'The runs of a schedule that clock changes skip or double within the next year.';
