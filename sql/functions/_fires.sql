-- requires: _fires_on
-- The instants at which a schedule fires within a span, both ends included,
-- earliest first; at most so many when p_limit says so. Looks nine years far:
-- longer is no 29th of February away.
create or replace function @extschema@._fires(
    p_schedule text,
    p_time_zone text,
    p_from timestamptz,
    p_until timestamptz default null,
    p_limit integer default null
)
returns setof timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds integer := (select s.seconds from @extschema@._parse_schedule(p_schedule) as s);
    v_until timestamptz := least(p_until, p_from + interval '9 years');
    v_day date := (p_from at time zone p_time_zone)::date - 1;
    v_found integer := 0;
    v_at timestamptz;
begin
    if v_seconds is not null then
        -- pg_cron counts them from when it read the job, which nobody else knows.
        return query
        select g from generate_series(p_from + make_interval(secs => v_seconds), least(v_until, p_from + make_interval(secs => v_seconds * coalesce(p_limit, 1000000))), make_interval(secs => v_seconds)) as g;
        return;
    end if;
    while v_day <= (v_until at time zone p_time_zone)::date + 1 loop
        for v_at in select f.at from @extschema@._fires_on(p_schedule, p_time_zone, v_day) as f (at) loop
            if v_at between p_from and v_until then
                return next v_at;
                v_found := v_found + 1;
                if v_found = p_limit then
                    return;
                end if;
            end if;
        end loop;
        v_day := v_day + 1;
    end loop;
end
$$;
comment on function @extschema@._fires(text, text, timestamptz, timestamptz, integer) is
'The instants at which a schedule fires within a span, earliest first.';
