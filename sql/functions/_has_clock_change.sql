-- Whether the clock of a zone changes on a day, or close to it. Midnight itself
-- may come twice (Azores, Cuba) or never, so that the length of a day from one
-- midnight to the next does not tell: hence four hours more on both sides.
create or replace function @extschema@._has_clock_change(p_time_zone text, p_day date)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        (p_day + interval '28:00') at time zone p_time_zone - (p_day - interval '4:00') at time zone p_time_zone
        <> interval '32:00'
$$;
comment on function @extschema@._has_clock_change(text, date) is
'Whether the clock of a zone changes on a day, or close to it.';
