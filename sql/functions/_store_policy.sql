-- Writes a validated policy and raises its epoch, so that a pass that began
-- under the old text stops at its next batch. The caller holds the lock.
create or replace function @extschema@._store_policy(p_policy @extschema@._policy)
returns @extschema@._policy
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
begin
    if (p_policy).policy_id is null then
        insert into @extschema@._policy (
            relation_id, schema_name, table_name, time_column, time_type, epoch_unit, keep, condition,
            remove, time_zone, grace, max_size, batch_rows, strategy, hours, synchronous_commit,
            partition_interval, premake, partition_remove, detached_schema, detached_keep, managed_by, partition_format
        )
        values (
            (p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name, (p_policy).time_column,
            (p_policy).time_type, (p_policy).epoch_unit, (p_policy).keep, (p_policy).condition,
            (p_policy).remove, (p_policy).time_zone, (p_policy).grace, (p_policy).max_size, (p_policy).batch_rows,
            (p_policy).strategy, (p_policy).hours, (p_policy).synchronous_commit,
            (p_policy).partition_interval, (p_policy).premake, (p_policy).partition_remove, (p_policy).detached_schema,
            (p_policy).detached_keep, (p_policy).managed_by, (p_policy).partition_format
        )
        returning * into v_policy;
    else
        update @extschema@._policy as p
        set
            relation_id = (p_policy).relation_id, schema_name = (p_policy).schema_name,
            table_name = (p_policy).table_name, time_column = (p_policy).time_column,
            time_type = (p_policy).time_type, epoch_unit = (p_policy).epoch_unit, keep = (p_policy).keep,
            condition = (p_policy).condition, remove = (p_policy).remove, time_zone = (p_policy).time_zone,
            grace = (p_policy).grace, max_size = (p_policy).max_size, batch_rows = (p_policy).batch_rows,
            strategy = (p_policy).strategy, hours = (p_policy).hours,
            synchronous_commit = (p_policy).synchronous_commit,
            partition_interval = (p_policy).partition_interval, premake = (p_policy).premake,
            partition_remove = (p_policy).partition_remove, detached_schema = (p_policy).detached_schema,
            detached_keep = (p_policy).detached_keep, managed_by = (p_policy).managed_by,
            partition_format = (p_policy).partition_format,
            paused_at = (p_policy).paused_at, paused_by = (p_policy).paused_by,
            pause_reason = (p_policy).pause_reason,
            epoch = p.epoch + 1, changed_at = now(), changed_by = session_user
        where p.policy_id = (p_policy).policy_id
        returning p.* into v_policy;
    end if;
    return v_policy;
end
$$;
comment on function @extschema@._store_policy(@extschema@._policy) is
'Writes a validated policy and raises its epoch.';
