-- requires: _fires_on
-- When a schedule fired last; null when not within nine years.
create or replace function @extschema@._last_fire(p_schedule text, p_time_zone text, p_at timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds integer := (select s.seconds from @extschema@._parse_schedule(p_schedule) as s);
    v_day date := (p_at at time zone p_time_zone)::date;
    v_at timestamptz;
begin
    if v_seconds is not null then
        return p_at - make_interval(secs => v_seconds);
    end if;
    for v_back in 0..3290 loop
        select max(f.at) into v_at
        from @extschema@._fires_on(p_schedule, p_time_zone, v_day - v_back) as f (at)
        where f.at <= p_at;
        exit when v_at is not null;
    end loop;
    return v_at;
end
$$;
comment on function @extschema@._last_fire(text, text, timestamptz) is
'When a schedule fired last.';
