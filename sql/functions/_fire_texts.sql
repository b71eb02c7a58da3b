-- requires: _fires, _clock_changes
-- The next times of a schedule, for people: in the session's zone, in the zone of
-- the schedule, and what clock changes do to it.
create or replace function @extschema@._fire_texts(p_schedule text, p_time_zone text, p_count integer default 5)
returns table (at timestamptz, here text, there text, warning text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        f.at, to_char(f.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'),
        to_char(f.at at time zone p_time_zone, 'YYYY-MM-DD HH24:MI:SS ') || p_time_zone,
        null
    from @extschema@._fires(p_schedule, p_time_zone, now(), null, p_count) as f (at)
    union all
    select null, null, null, c.detail
    from @extschema@._clock_changes(p_schedule, p_time_zone, now()) as c
$$;
comment on function @extschema@._fire_texts(text, text, integer) is
'The next times of a schedule, and what clock changes do to it.';
