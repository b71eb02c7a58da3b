-- requires: _partitions_of, _grid_next, _holds_of, _suspension
-- Why pg_partman must not remove partitions of a table of ours; null when it may. It
-- takes the end of each for its beginning plus the interval, and knows neither
-- conditions nor holds, pauses nor guards. Called by hand_back.
create or replace function @extschema@._retention_refusal(p_policy @extschema@._policy, p_zone text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wide record;
begin
    select p.table_name, p.lower_at, p.upper_literal into v_wide
    from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, p_zone, (p_policy).epoch_unit) as p
    where
        not p.is_default
        and case when isfinite(p.lower_at)
            then @extschema@._grid_next(p.lower_at, (p_policy).partition_interval, p_zone) < p.upper_at else true end
    order by p.upper_at desc
    limit 1;
    return case
        when v_wide.table_name is not null then format(
            '%I %s: pg_partman would drop it too early; hand the set back again when it is gone, its last rows are before %s',
            v_wide.table_name,
            case when isfinite(v_wide.lower_at) then format('is longer than %s', (p_policy).partition_interval) else 'begins at -infinity' end,
            v_wide.upper_literal
        )
        when (p_policy).condition is not null then 'pg_partman knows no condition, and would drop what the policy keeps'
        when @extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name) is not null
            then 'pg_partman knows no holds, and would drop what they keep'
        when (p_policy).paused_at is not null then 'the policy is paused, and pg_partman would not know'
        else (select format('the policy is suspended: %s', s.detail) from @extschema@._suspension((p_policy).policy_id) as s order by s.guard desc limit 1)
    end;
end
$$;
comment on function @extschema@._retention_refusal(@extschema@._policy, text) is
'Why pg_partman must not remove partitions of a table; null when it may.';
