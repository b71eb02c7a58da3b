-- The wall clock that a bound stands for. A zone that skips midnight shows the
-- midnight of that day as a later time: the bound still means midnight, or every
-- later bound would drift. Called by what computes bounds and literals.
create or replace function @extschema@._grid_wall(p_bound timestamptz, p_zone text)
returns timestamp
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when w.skipped_to > w.skipped_from and date_trunc('day', w.skipped_from) = w.skipped_from
        then w.skipped_from else w.skipped_to end
    from (
        select
            p_bound at time zone p_zone as skipped_to,
            (p_bound at time zone 'UTC' - interval '0.000001 second') at time zone 'UTC' at time zone p_zone
                + interval '0.000001 second' as skipped_from
    ) as w
$$;
comment on function @extschema@._grid_wall(timestamptz, text) is
'The wall clock that a partition bound stands for in a zone.';
