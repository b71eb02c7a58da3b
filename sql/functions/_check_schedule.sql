-- requires: _parse_schedule, _fires, _fire_texts, _cron_time_zone
-- Validates a schedule when it is set, and tells when it would fire.
create or replace function @extschema@._check_schedule(p_name text, p_schedule text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_zone text := @extschema@._cron_time_zone();
    v_times text;
    v_warning text;
begin
    if p_schedule = 'off' then
        return;
    end if;
    perform @extschema@._parse_schedule(p_schedule);
    select string_agg(case when left(t.here, 19) = left(t.there, 19) then t.there else format('%s (%s)', t.there, t.here) end, ', ' order by t.at)
    into v_times
    from @extschema@._fire_texts(p_schedule, v_zone) as t
    where t.at is not null;
    if v_times is null then
        raise exception 'the schedule "%" never fires', p_schedule
            using errcode = 'invalid_parameter_value', hint = 'There is no such day in the next nine years.';
    end if;
    raise notice '%: next at %', p_name, v_times using hint = 'pytelemetry-db schedule apply puts it into pg_cron.';
    for v_warning in select t.warning from @extschema@._fire_texts(p_schedule, v_zone, 1) as t where t.warning is not null loop
        raise warning '%: %', p_name, v_warning;
    end loop;
end
$$;
comment on function @extschema@._check_schedule(text, text) is
'Validates a schedule when it is set, and tells when it would fire.';
