-- May a policy with these hours run now? True without any; null when they cannot
-- be read. 22:00-06:00 goes over midnight; the end itself is outside.
create or replace function @extschema@._is_open(p_hours text, p_time_zone text, p_now timestamptz)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when p_hours is null then true
            when p_hours !~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$' then null
            when split_part(p_hours, '-', 1) = split_part(p_hours, '-', 2) then null
            when split_part(p_hours, '-', 1) < split_part(p_hours, '-', 2)
                then t.now >= split_part(p_hours, '-', 1)::time and t.now < split_part(p_hours, '-', 2)::time
            else t.now >= split_part(p_hours, '-', 1)::time or t.now < split_part(p_hours, '-', 2)::time
        end
    from (select (p_now at time zone p_time_zone)::time as now) as t
$$;
comment on function @extschema@._is_open(text, text, timestamptz) is
'May a policy with these hours run now?';
