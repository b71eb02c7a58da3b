-- requires: _partitions_of, _rotation_frame, _clock
-- The partition of a policy that is to go, as the catalog has it now; no row when it is not
-- expired, the last one, or no partition of this table any more. Whoever acts on it has
-- it locked. That another one is newer is mostly seen on those that were made last.
create or replace function @extschema@._expired_partition(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_partition oid
)
returns table (
    schema_name name,
    table_name name,
    lower_literal text,
    upper_literal text,
    lower_at timestamptz,
    detach_pending boolean,
    row_estimate bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_only oid[] := p_partition || array(
        select i.inhrelid from pg_inherits as i where i.inhparent = (p_policy).relation_id order by i.inhrelid desc limit 8
    );
begin
    loop
        return query
        select
            p.schema_name, p.table_name, p.lower_literal, p.upper_literal, p.lower_at, p.detach_pending,
            greatest(p.row_estimate::bigint, pg_stat_get_live_tuples(p.relation_id), 0)
        from @extschema@._rotation_frame(p_policy, @extschema@._clock(), (p_run).cutoff) as f
        cross join lateral (
            select m.*, max(m.upper_at) filter (where not m.is_default and not m.detach_pending) over () as newest_at
            from @extschema@._partitions_of(
                (p_policy).relation_id, (p_policy).time_type, f.zone, (p_policy).epoch_unit, v_only
            ) as m
        ) as p
        where p.relation_id = p_partition and p.upper_at <= f.cutoff_at and p.upper_at < p.newest_at;
        exit when found or v_only is null;
        v_only := null;
    end loop;
end
$$;
comment on function @extschema@._expired_partition(@extschema@._run, @extschema@._policy, oid) is
'The partition of a policy that is to go, if it still is.';
