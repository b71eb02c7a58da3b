-- requires: _partitions_of, _grid_next
-- How many partitions of a table do not end one interval after they begin, as a zone
-- counts it; one that begins at -infinity is none of them. Tells in which zone a set
-- of pg_partman's was made, and whether it would go on from where we end.
create or replace function @extschema@._grid_misfits(
    p_relation_id oid,
    p_time_type text,
    p_epoch_unit text,
    p_interval interval,
    p_zone text
)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select count(*)
    from @extschema@._partitions_of(p_relation_id, p_time_type, p_zone, p_epoch_unit) as p
    where
        not p.is_default and isfinite(p.lower_at)
        and @extschema@._grid_next(p.lower_at, p_interval, p_zone) <> p.upper_at
$$;
comment on function @extschema@._grid_misfits(oid, text, text, interval, text) is
'How many partitions are no cell of a zone''s grid.';
