-- requires: _lowest_wall_clock, _epoch_factor
-- The cutoff as a typed constant of the time column, so that the comparison
-- never depends on the TimeZone or DateStyle of a session. A date is expired
-- when all of the day is; an epoch when the instant it names is.
create or replace function @extschema@._cutoff_literal(
    p_cutoff timestamptz,
    p_time_type text,
    p_epoch_unit text,
    p_time_zone text
)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
    select
        case
            when p_time_type = 'timestamptz' then format('%L::timestamptz', p_cutoff)
            when p_time_type = 'timestamp'
                then format('%L::timestamp', @extschema@._lowest_wall_clock(p_cutoff, p_time_zone))
            when p_time_type = 'date'
                then format('%L::date', @extschema@._lowest_wall_clock(p_cutoff, p_time_zone)::date)
            when p_time_type in ('integer', 'bigint') then format(
                '%L::bigint',
                ceil(extract(epoch from p_cutoff) * @extschema@._epoch_factor(p_epoch_unit))::bigint
            )
        end
$$;
comment on function @extschema@._cutoff_literal(timestamptz, text, text, text) is
'The cutoff as a typed constant of the time column.';
