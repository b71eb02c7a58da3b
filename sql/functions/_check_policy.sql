-- requires: _is_open
-- Validates the values of a policy that need no look at rows: keep, zone, unit,
-- limits. Raises one clear error; returns nothing.
create or replace function @extschema@._check_policy(p_policy @extschema@._policy)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := format('%I.%I', (p_policy).schema_name, (p_policy).table_name);
    v_keep interval := (p_policy).keep;
    v_zone text := (p_policy).time_zone;
begin
    if v_keep is null then
        raise exception 'a new policy on % needs p_keep', v_name
            using errcode = 'invalid_parameter_value', hint = 'For example p_keep => ''7 days'' (command line: --keep 7d).';
    elsif
        v_keep < interval '1 minute' or v_keep > interval '100 years'
        or least(extract(year from v_keep), extract(month from v_keep), extract(day from v_keep), extract(epoch from v_keep - date_trunc('day', v_keep))) < 0
    then
        raise exception 'keep cannot be "%"', v_keep
            using errcode = 'invalid_parameter_value',
            hint = 'Expected an interval from 1 minute to 100 years with no negative part, such as ''7 days''.';
    elsif (p_policy).grace < interval '0 s' then
        raise exception 'grace cannot be "%"', (p_policy).grace
            using errcode = 'invalid_parameter_value', hint = 'Expected an interval of 0 or more, such as ''1 day''.';
    elsif (p_policy).max_size <= 0 then
        raise exception 'max_size cannot be %', pg_size_pretty((p_policy).max_size)
            using errcode = 'invalid_parameter_value', hint = 'Expected a size above 0, such as ''50 GB''.';
    elsif (p_policy).batch_rows not between 1 and 1000000 then
        raise exception 'batch_rows cannot be %', (p_policy).batch_rows
            using errcode = 'invalid_parameter_value', hint = 'Expected 1 to 1000000.';
    elsif (p_policy).strategy not in ('auto', 'range', 'pages') then
        raise exception 'strategy cannot be "%"', (p_policy).strategy
            using errcode = 'invalid_parameter_value', hint = 'Expected auto, range or pages.';
    elsif (p_policy).remove not in ('auto', 'delete') then
        raise exception 'remove cannot be "%"', (p_policy).remove
            using errcode = 'invalid_parameter_value', hint = 'Expected auto or delete.';
    elsif (p_policy).hours is not null and @extschema@._is_open((p_policy).hours, 'UTC', now()) is null then
        raise exception 'hours cannot be "%"', (p_policy).hours
            using errcode = 'invalid_parameter_value', hint = 'Expected a time of the day to another one, such as ''22:00-06:00''.';
    elsif not exists (select from pg_timezone_names as z where lower(z.name) = lower(v_zone)) then
        raise exception 'time zone "%" is not known to this server', v_zone
            using errcode = 'invalid_parameter_value', hint = 'Expected a name from pg_timezone_names, such as ''Europe/Berlin'' or ''UTC''.';
    elsif (p_policy).time_type is null then
        raise exception '% has no column "%"', v_name, (p_policy).time_column
            using errcode = 'invalid_parameter_value', hint = 'Say p_column => ''…'' (command line: --column).';
    elsif (p_policy).time_type = 'unsupported' then
        raise exception 'column "%" of % is not a time column', (p_policy).time_column, v_name
            using errcode = 'invalid_parameter_value',
            hint = 'Expected timestamptz, timestamp, date, or an integer or bigint epoch with p_epoch_unit.';
    elsif (p_policy).time_type in ('integer', 'bigint') and coalesce((p_policy).epoch_unit, '') not in ('s', 'ms', 'us', 'ns') then
        raise exception 'the epoch column "%" needs a unit', (p_policy).time_column
            using errcode = 'invalid_parameter_value', hint = 'Say p_epoch_unit => ''s'', ''ms'', ''us'' or ''ns'' (command line: --epoch-unit).';
    elsif (p_policy).time_type not in ('integer', 'bigint') and (p_policy).epoch_unit is not null then
        raise exception 'column "%" is a %, which has no epoch unit', (p_policy).time_column, (p_policy).time_type
            using errcode = 'invalid_parameter_value', hint = 'Leave p_epoch_unit (command line: --epoch-unit) out.';
    end if;
end
$$;
comment on function @extschema@._check_policy(@extschema@._policy) is
'Validates keep, zone, unit and limits of a policy.';
