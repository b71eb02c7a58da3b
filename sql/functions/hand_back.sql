-- requires: _partman_config, _hand_back_refusal, _retention_refusal, _partman_exclude, _partman_write, _partman_trunc
-- requires: _partman_format, set_policy, drop_policy
-- Gives a set to pg_partman: our policy becomes its row of part_config, and is then only
-- for observing, or gone, in one transaction. Changes nothing about the table. Where its way
-- to remove partitions would take rows too early, it gets no retention. Returns what it wrote, and why.
create or replace function @extschema@.hand_back(
    p_table regclass,
    p_drop_policy boolean default false,
    p_session_time_zone text default null
)
returns table (aspect text, value text, remark text)
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
set intervalstyle = 'postgres'
as $$
#variable_conflict use_column
declare
    v_policy @extschema@._policy := @extschema@._find_policy(p_table);
    v_extension record;
    v_is_naive boolean := v_policy.time_type in ('timestamp', 'date');
    v_session_zone text := coalesce(p_session_time_zone, @extschema@._default_time_zone());
    v_zone text := case when v_is_naive then 'UTC' else v_session_zone end;
    v_problem text;
    v_no_retention text;
    v_format text := v_policy.partition_format;
    v_is_exact boolean;
    v_columns jsonb;
    v_old jsonb;
begin
    select n.nspname as schema_name, split_part(e.extversion, '.', 1)::integer as major into v_extension
    from pg_extension as e
    inner join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_partman';
    v_problem := case
        when v_extension.major is null then 'pg_partman is not installed in this database'
        when v_policy.partition_interval is null then format('the policy on %s has no partition_interval', p_table)
        when not exists (select from pg_timezone_names as z where lower(z.name) = lower(v_session_zone)) then format('time zone "%s" is not known to this server', v_session_zone)
        else @extschema@._hand_back_refusal(v_policy, v_zone)
    end;
    if v_problem is not null then
        raise exception '%', v_problem using errcode = 'object_not_in_prerequisite_state', hint = case
            when v_extension.major is null then 'create extension pg_partman;'
            when v_problem like '%time zone%'
                then format('Its maintenance has to run in the zone of the policy, %s; then say p_session_time_zone => %L (command line: --session-time-zone).', v_policy.time_zone, v_policy.time_zone)
            else 'Nothing was changed.'
        end;
    end if;
    v_old := @extschema@._partman_config(p_table::oid);
    perform @extschema@._partman_exclude();
    perform @extschema@._lock_policy(p_table::oid);
    if v_extension.major < 5 then
        v_format := @extschema@._partman_format(v_policy, v_zone);
        if v_format is null then
            raise exception 'pg_partman 4 goes by the names of partitions, and those of % follow none of its formats', p_table
                using errcode = 'object_not_in_prerequisite_state', hint = 'Rename them as it would, or update pg_partman: 5 goes by their bounds.';
        end if;
    elsif v_format is null or v_format in ('YYYY"q"Q', 'IYYY"w"IW') then
        v_format := case when v_policy.partition_interval >= interval '1 day' then 'YYYYMMDD' else 'YYYYMMDD_HH24MISS' end;
    end if;
    v_no_retention := @extschema@._retention_refusal(v_policy, v_zone);
    v_is_exact := lower(v_policy.time_zone) in ('utc', 'etc/utc', 'gmt') and lower(v_session_zone) in ('utc', 'etc/utc', 'gmt');
    v_columns := jsonb_build_object(
        'control', v_policy.time_column,
        'partition_interval', v_policy.partition_interval::text,
        'partition_type', case when v_extension.major < 5 then 'native' else 'range' end,
        'premake', greatest(v_policy.premake, 1),
        'automatic_maintenance', 'on',
        'retention', case when v_no_retention is null then (v_policy.keep + case when v_is_exact then interval '0 s' else interval '1 day' end)::text end,
        'retention_schema', case when v_policy.partition_remove = 'move' then v_policy.detached_schema end,
        'retention_keep_table', v_policy.partition_remove <> 'drop',
        'epoch', case v_policy.epoch_unit when 's' then 'seconds' when 'ms' then 'milliseconds' when 'us' then 'microseconds' when 'ns' then 'nanoseconds' else 'none' end,
        'infinite_time_partitions', true,
        'datetime_string', v_format,
        'date_trunc_interval', (
            select @extschema@._partman_trunc(max(p.lower_at), v_policy.partition_interval, v_zone)
            from @extschema@._partitions_of(p_table::oid, v_policy.time_type, v_zone, v_policy.epoch_unit) as p
            where isfinite(p.lower_at)
        ),
        'undo_in_progress', false
    );
    -- Its other columns stay as they were; in a new row they are its defaults, or what we do.
    perform @extschema@._partman_write(
        p_table::oid, v_extension.schema_name,
        case when v_old is null then '{"inherit_privileges": true, "ignore_default_data": true, "optimize_trigger": 4, "inherit_fk": true, "upsert": "", "trigger_return_null": true}' else '{}' end::jsonb || case
            when v_old is null then '{"optimize_constraint": 30, "retention_keep_index": true, "jobmon": true, "sub_partition_set_full": false, "constraint_valid": true, "drop_cascade_fk": false, "retention_keep_publication": false}'
            else '{}'
        end::jsonb || v_columns
    );
    if p_drop_policy then
        perform @extschema@.drop_policy(format('%I.%I', v_policy.schema_name, v_policy.table_name));
    else
        perform @extschema@.set_policy(p_table, p_managed_by => 'observe');
    end if;
    return query
    select r.aspect, r.value, r.remark
    from (
        values
        (1, 'automatic_maintenance', 'on', format('in %I.part_config', v_extension.schema_name)),
        (2, 'partition_interval', v_columns ->> 'partition_interval', null),
        (3, 'premake', v_columns ->> 'premake', 'from now on as well, where no new rows come (infinite_time_partitions)'),
        (
            4, 'retention', coalesce(v_columns ->> 'retention', 'none'),
            coalesce(v_no_retention, case when not v_is_exact then 'a day more than the policy: pg_partman counts it in the time zone of its session' end)
        ),
        (5, 'retention_keep_table', v_columns ->> 'retention_keep_table', null),
        (6, 'retention_schema', v_columns ->> 'retention_schema', null),
        (7, 'datetime_string', v_format, case when v_format <> v_policy.partition_format then 'names of new partitions differ: pg_partman 5 has none with quarters or ISO weeks' end),
        (8, 'date_trunc_interval', v_columns ->> 'date_trunc_interval', 'so that its bounds go on from those that are there'),
        (9, 'time zone of its sessions', v_session_zone, 'in which its maintenance has to run'),
        (10, 'policy', case when p_drop_policy then 'dropped' else 'observe' end, case when not p_drop_policy then 'rotate leaves the set alone' end)
    ) as r (n, aspect, value, remark)
    where r.value is not null
    order by r.n;
end
$$;
comment on function @extschema@.hand_back(regclass, boolean, text) is
'Gives a partition set to pg_partman: the policy becomes its configuration.';
