-- requires: _lock_set_gently, _expired_partition
-- Asks another session (by its application_name) to detach an expired partition
-- concurrently, which no function can do; the steps of the pass wait for it in _settle_detach.
-- Returns null, or why the partition stays.
create or replace function @extschema@._ask_detach(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_partition oid,
    p_detacher text
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found record;
begin
    perform @extschema@._lock_set_gently((p_policy).relation_id, p_partition);
    select e.* into v_found from @extschema@._expired_partition(p_run, p_policy, p_partition) as e;
    if not found then
        return 'it is the last one, which stays, or not the partition any more that it was';
    end if;
    if (p_run).deadline < clock_timestamp() + interval '3 s' then
        return 'the time of the pass is over';
    end if;
    insert into @extschema@._detaching (
        relation_id, policy_id, run_id, detacher, schema_name, table_name, lower_bound, upper_bound, row_estimate, give_up_at
    )
    values (
        p_partition, (p_policy).policy_id, (p_run).run_id, p_detacher, v_found.schema_name, v_found.table_name,
        v_found.lower_literal, v_found.upper_literal, v_found.row_estimate,
        least((p_run).deadline - interval '2 s', clock_timestamp() + interval '10 minutes')
    );
    return null;
end
$$;
comment on function @extschema@._ask_detach(@extschema@._run, @extschema@._policy, oid, text) is
'Asks another session to detach an expired partition concurrently.';
