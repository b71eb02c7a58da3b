-- requires: _grid_wall
-- The name that pg_partman gives a partition, cut to 63 bytes as it does. p_format is
-- the set's datetime_string where it has one of its own (those of pg_partman 4).
-- Cells shorter than a day are named in UTC: an hour that comes twice has two names.
create or replace function @extschema@._partition_name(
    p_parent name,
    p_from timestamptz,
    p_interval interval,
    p_zone text,
    p_format text default null
)
returns name
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when (p_parent || s.suffix)::name = p_parent || s.suffix then (p_parent || s.suffix)::name
        else (substr((s.suffix || p_parent)::name::text, length(s.suffix) + 1) || s.suffix)::name
    end
    from (
        select '_p' || case
            when p_interval >= interval '1 day'
                then to_char(@extschema@._grid_wall(p_from, p_zone), coalesce(p_format, 'YYYYMMDD'))
            else to_char(p_from at time zone 'UTC', coalesce(p_format, 'YYYYMMDD_HH24MISS'))
        end as suffix
    ) as s
$$;
comment on function @extschema@._partition_name(name, timestamptz, interval, text, text) is
'The name of a partition, as pg_partman names it.';
