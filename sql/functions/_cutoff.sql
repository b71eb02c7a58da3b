-- The cutoff: now minus keep. Months and years are counted on the calendar of
-- the policy's zone, days are 24 hours; computed once per pass and then fixed.
create or replace function @extschema@._cutoff(
    p_keep interval,
    p_time_zone text,
    p_now timestamptz
)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case when k.months = 0 then p_now else ((p_now at time zone p_time_zone) - make_interval(months => k.months)) at time zone p_time_zone end
        - make_interval(secs => k.seconds)
    from (
        select
            (extract(year from p_keep) * 12 + extract(month from p_keep))::integer as months,
            (extract(epoch from p_keep - date_trunc('month', p_keep)))::double precision as seconds
    ) as k
$$;
comment on function @extschema@._cutoff(interval, text, timestamptz) is
'The instant before which rows are expired.';
