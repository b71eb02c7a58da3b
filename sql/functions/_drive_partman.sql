-- requires: _partman_config, _partman_exclude, _partman_write, _retention_refusal, _partitions_of, _rotation_frame
-- requires: _qualified_name
-- The whole rotation of a set that pg_partman manages and we drive: its run_maintenance
-- for this set alone, in one transaction, in the policy's time zone and under our
-- lock_timeout. What came of it is read from the bounds before and after, not believed.
-- Where its way to remove partitions would take rows that must stay, it has no
-- retention for the time of the call, which nobody else sees.
create or replace function @extschema@._drive_partman(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_config jsonb := @extschema@._partman_config((p_policy).relation_id);
    v_zone text;
    v_now timestamptz;
    v_before oid[];
    v_after oid[];
    v_newest timestamptz;
    v_old text;
    v_problem text;
    v_keeps text;
begin
    if v_config is null then
        return p_state || jsonb_build_object(
            'stop', 'failed', 'sqlstate', '55000',
            'message', format('%s is no set of pg_partman''s that could be driven', @extschema@._qualified_name((p_policy).relation_id))
        );
    end if;
    select f.zone into v_zone from @extschema@._rotation_frame(p_policy, clock_timestamp(), clock_timestamp()) as f;
    v_keeps := case when v_config ->> 'retention' is not null then @extschema@._retention_refusal(p_policy, v_zone) end;
    v_before := array(select i.inhrelid from pg_inherits as i where i.inhparent = (p_policy).relation_id);
    perform @extschema@._partman_exclude();
    if v_keeps is not null then
        perform @extschema@._partman_write((p_policy).relation_id, v_config ->> 'extension_schema', '{"retention": null}');
    end if;
    perform set_config('timezone', (p_policy).time_zone, true);
    execute format('select %I.run_maintenance(p_parent_table => $1, p_analyze => false)', v_config ->> 'extension_schema')
    using v_config ->> 'parent_table';
    if v_config ->> 'extension_version' like '4.%' then
        -- It changes the path of the session: give back what rotate found.
        perform set_config('search_path', coalesce(current_setting('pytelemetry_db.path', true), 'pg_catalog'), false);
        perform set_config('search_path', 'pg_catalog, pg_temp', true);
    end if;
    if v_keeps is not null then
        perform @extschema@._partman_write(
            (p_policy).relation_id, v_config ->> 'extension_schema', jsonb_build_object('retention', v_config ->> 'retention')
        );
    end if;
    v_after := array(select i.inhrelid from pg_inherits as i where i.inhparent = (p_policy).relation_id);
    update @extschema@._run as r
    set
        batches = r.batches + 1, heartbeat_at = clock_timestamp(),
        partitions_made = r.partitions_made + (select count(*) from unnest(v_after) as a (id) where a.id <> all(v_before)),
        partitions_removed = r.partitions_removed + (select count(*) from unnest(v_before) as b (id) where b.id <> all(v_after))
    where r.run_id = (p_run).run_id;
    v_config := @extschema@._partman_config((p_policy).relation_id);
    select f.zone, f.now_at into v_zone, v_now from @extschema@._rotation_frame(p_policy, clock_timestamp(), clock_timestamp()) as f;
    select
        max(p.upper_at),
        -- A day is more than what the zones of two sessions can differ by.
        (array_agg(format('%I.%I', p.schema_name, p.table_name) order by p.upper_at) filter (
            where v_keeps is null and p.upper_at < v_now - (v_config ->> 'retention')::interval - interval '1 day'
        ))[1]
    into v_newest, v_old
    from @extschema@._partitions_of((p_policy).relation_id, (p_policy).time_type, v_zone, (p_policy).epoch_unit) as p
    where not p.is_default;
    v_problem := case
        when v_config ? 'maintenance_last_run' and v_config ->> 'maintenance_last_run' is null
            then 'the maintenance of pg_partman failed; its warning says why'
        when v_newest is null or v_newest < v_now + ((v_config ->> 'premake')::integer - 1) * (p_policy).partition_interval then format(
            'pg_partman made no partitions beyond %s although they are due%s', v_newest,
            case when v_config ->> 'infinite_time_partitions' = 'true' then '' else ': it counts from the newest row (infinite_time_partitions is off)' end
        )
        when v_old is not null then format('pg_partman left %s, which is beyond its retention', v_old)
    end;
    return p_state || case
        when v_problem is null then jsonb_strip_nulls(jsonb_build_object('stop', 'done', 'detail', 'it removed nothing: ' || v_keeps))
        else jsonb_build_object('stop', 'failed', 'sqlstate', 'P0001', 'message', v_problem)
    end;
end
$$;
comment on function @extschema@._drive_partman(@extschema@._run, @extschema@._policy, jsonb) is
'The rotation of a set that pg_partman manages and we drive.';
