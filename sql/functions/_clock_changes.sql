-- requires: _fires_on, _parse_schedule
-- What clock changes of a zone do to a schedule within the next year: runs that
-- do not come at all, or twice. None for one that fires every hour.
create or replace function @extschema@._clock_changes(p_schedule text, p_time_zone text, p_from timestamptz)
returns table (day date, detail text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select d.day, format(
        '%s %s in %s %s', d.day, to_char(make_time(h, m, 0), 'HH24:MI'), p_time_zone,
        case f.times when 0 then 'does not exist: no run that day at that time' else 'comes twice: two runs' end
    )
    from @extschema@._parse_schedule(p_schedule) as s
    cross join lateral (
        select g::date as day
        from generate_series((p_from at time zone p_time_zone)::date, (p_from at time zone p_time_zone)::date + 366, interval '1 day') as g
        where
            (g::date + 1)::timestamp at time zone p_time_zone - g::date::timestamp at time zone p_time_zone <> interval '24:00'
            and extract(month from g) = any(s.months) and extract(dow from g) = any(s.weekdays)
            and (s.last_day or extract(day from g) = any(s.days))
            and (not s.last_day or extract(day from g + interval '1 day') = 1)
    ) as d
    cross join unnest(s.hours) as h
    cross join unnest(s.minutes) as m
    cross join lateral (
        select count(*) as times
        from @extschema@._fires_on(format('%s %s * * *', m, h), p_time_zone, d.day)
    ) as f
    where cardinality(s.hours) < 24 and f.times <> 1
    order by d.day, h, m
    limit 10
$$;
comment on function @extschema@._clock_changes(text, text, timestamptz) is
'The runs of a schedule that clock changes skip or double within the next year.';
