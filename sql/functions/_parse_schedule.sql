-- requires: _schedule_field
-- A schedule as pg_cron reads it: five fields, @daily and its like, or "30
-- seconds". Refuses what pg_cron would take and never fire, and a day of the month
-- beside a day of the week: that means either, or with cron.match_dom_and_dow both.
create or replace function @extschema@._parse_schedule(
    p_schedule text,
    out seconds integer,
    out minutes integer[],
    out hours integer[],
    out days integer[],
    out months integer[],
    out weekdays integer[],
    out last_day boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields text[] := regexp_split_to_array(btrim(p_schedule, E' \t'), E'[ \t]+');
begin
    seconds := (regexp_match(lower(p_schedule), '^[ \t]*([1-9]|[1-5][0-9]) seconds?[ \t]*$'))[1]::integer;
    last_day := false;
    if seconds is not null then
        return;
    end if;
    -- Longer ones do not fit into pg_cron's buffer.
    if octet_length(p_schedule) > 999 then
        raise exception 'a schedule cannot have % bytes', octet_length(p_schedule)
            using errcode = 'invalid_parameter_value', hint = 'Expected at most 999; write ranges and steps instead of lists.';
    end if;
    -- Some versions of pg_cron set no month for these two, and never fire them.
    if v_fields[1] in ('@yearly', '@annually') then
        raise exception 'pg_cron takes the schedule "%" but may never fire it', p_schedule
            using errcode = 'invalid_parameter_value', hint = 'Expected five fields: ''0 0 1 1 *''.';
    end if;
    if cardinality(v_fields) = 1 then
        v_fields := string_to_array(
            case v_fields[1]
                when '@hourly' then '0 * * * *'
                when '@daily' then '0 0 * * *'
                when '@midnight' then '0 0 * * *'
                when '@weekly' then '0 0 * * 0'
                when '@monthly' then '0 0 1 * *'
            end, ' '
        );
    end if;
    if cardinality(v_fields) is distinct from 5 then
        raise exception 'a schedule cannot be "%"', p_schedule
            using errcode = 'invalid_parameter_value',
            hint = 'Expected five fields (minute, hour, day of month, month, day of week) such as ''17 3 * * *'' or ''*/5 * * * *'', @hourly, @daily, @weekly, @monthly, ''30 seconds'', or off.';
    end if;
    minutes := @extschema@._schedule_field(v_fields[1], 'minute', 0, 59);
    hours := @extschema@._schedule_field(v_fields[2], 'hour', 0, 23);
    last_day := v_fields[3] = '$';
    days := case when not last_day then @extschema@._schedule_field(v_fields[3], 'day of month', 1, 31) end;
    months := @extschema@._schedule_field(
        v_fields[4], 'month', 1, 12, array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
    );
    -- 7 is Sunday as well.
    weekdays := array(
        select distinct w % 7
        from unnest(@extschema@._schedule_field(v_fields[5], 'day of week', 0, 7, array['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])) as w
        order by 1
    );
    if v_fields[3] <> '*' and v_fields[5] <> '*' then
        raise exception 'the schedule "%" has a day of the month and a day of the week', p_schedule
            using errcode = 'invalid_parameter_value', hint = 'Write * for one of them: together they would mean either of the two.';
    end if;
end
$$;
comment on function @extschema@._parse_schedule(text) is
'The fields of a schedule as pg_cron reads them; an error for what it would never fire.';
