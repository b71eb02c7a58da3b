-- requires: _list_set, _rotation_frame, _set_version
-- All partitions of a policy taken together, as passes carry it in their state: with
-- thousands of them the list is what takes the time, so the one that the last pass noted
-- serves while nothing was attached or detached. What is removed is looked at again under lock. "taken": what
-- their bounds cover; "origin": the last bound, from which the grid is counted; "floor": the
-- bound at or below the cutoff; "last" and "model": the newest one, and the newest that others are made
-- like; "expired": those below the cutoff, oldest first. Null where there is nothing to rotate.
create or replace function @extschema@._partition_set(
    p_policy @extschema@._policy,
    p_now timestamptz,
    p_cutoff timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_frame record;
    v_noted jsonb;
begin
    if
        (p_policy).partition_interval is null or (p_policy).managed_by <> 'us'
        or not exists (
            select from pg_partitioned_table as t
            inner join pg_attribute as a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
            where t.partrelid = (p_policy).relation_id and t.partstrat = 'r' and t.partnatts = 1 and a.attname = (p_policy).time_column
        )
    then
        return null;
    end if;
    select f.zone, f.cutoff_at into v_frame from @extschema@._rotation_frame(p_policy, p_now, p_cutoff) as f;
    select n.content into v_noted from @extschema@._noted_set as n where n.policy_id = (p_policy).policy_id;
    if
        (v_noted ->> 'since')::timestamptz <= v_frame.cutoff_at and v_frame.cutoff_at < (v_noted ->> 'until')::timestamptz
        and v_noted -> 'version' = @extschema@._set_version(p_policy)
    then
        return v_noted;
    end if;
    return @extschema@._list_set(p_policy, v_frame.zone, v_frame.cutoff_at);
end
$$;
comment on function @extschema@._partition_set(@extschema@._policy, timestamptz, timestamptz) is
'All partitions of a policy taken together, as passes carry it in their state.';
