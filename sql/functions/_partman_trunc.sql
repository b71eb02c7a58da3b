-- requires: _grid_next, _grid_floor
-- What pg_partman 5 has to be told (date_trunc_interval) so that it goes on from the
-- bounds that are there. It cuts the newest one down before it adds intervals; where its own
-- ladder would move one of the next bounds, the widest unit that moves none. Null: its ladder.
create or replace function @extschema@._partman_trunc(p_bound timestamptz, p_interval interval, p_zone text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive bounds (at, number) as (
        select p_bound, 1
        union all
        select @extschema@._grid_next(b.at, p_interval, p_zone), b.number + 1
        from bounds as b
        where b.number < 100
    ),
    units (unit, place) as (
        values ('ladder', 0), ('month', 1), ('day', 2), ('hour', 3), ('minute', 4), ('second', 5)
    )

    select nullif(u.unit, 'ladder')
    from units as u
    where not exists (
        select from bounds as b
        where case u.unit
            when 'ladder' then date_trunc(
                case
                    when p_interval >= interval '100 years' then 'century'
                    when p_interval >= interval '10 years' then 'decade'
                    when p_interval >= interval '1 year' then 'year'
                    when p_interval >= interval '1 month' then 'month'
                    when p_interval >= interval '1 day' then 'day'
                    when p_interval >= interval '1 minute' then 'hour'
                    else 'minute'
                end, b.at at time zone p_zone
            )
            else date_trunc(u.unit, b.at at time zone p_zone)
        end <> b.at at time zone p_zone
    )
    order by u.place
    limit 1
$$;
comment on function @extschema@._partman_trunc(timestamptz, interval, text) is
'The date_trunc_interval with which pg_partman goes on from a bound; null where its own serves.';
