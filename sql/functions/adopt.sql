-- requires: _partman_config, _partman_refusal, _partman_exclude, _partman_write, _grid_misfits, set_policy
-- Takes over a set of pg_partman's: its row of part_config becomes our policy, and its
-- automatic maintenance is turned off, in one transaction. Changes nothing about the
-- table. Waits for a maintenance that is under way. Returns what it decided, and why.
create or replace function @extschema@.adopt(
    p_table regclass,
    p_keep interval default null,
    p_time_zone text default null,
    p_detached_keep interval default null
)
returns table (aspect text, value text, remark text)
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
set intervalstyle = 'postgres'
as $$
#variable_conflict use_column
declare
    v_config jsonb := @extschema@._partman_config(p_table::oid);
    v_problem text := @extschema@._partman_refusal(p_table::oid, v_config);
    v_interval interval;
    v_retention interval;
    v_remove text;
    v_unit text;
    v_zone text;
    v_type text;
    v_old @extschema@._policy;
    v_new @extschema@._policy;
    v_misfits bigint;
    v_own text := v_config ->> 'datetime_string';
begin
    if v_problem is not null then
        raise exception '%', v_problem
            using errcode = 'invalid_parameter_value',
            hint = 'What can be adopted is a set by time, in one level. The partitions of another table: set_policy with p_partition_interval.';
    end if;
    v_interval := (v_config ->> 'partition_interval')::interval;
    v_retention := (v_config ->> 'retention')::interval;
    v_unit := case v_config ->> 'epoch' when 'seconds' then 's' when 'milliseconds' then 'ms' when 'microseconds' then 'us' when 'nanoseconds' then 'ns' end;
    v_remove := case when v_config ->> 'retention_schema' <> '' then 'move' when v_config ->> 'retention_keep_table' = 'true' then 'detach' else 'drop' end;
    v_type := @extschema@._time_type(p_table::oid, v_config ->> 'control');
    select p.* into v_old from @extschema@._policy as p where p.relation_id = p_table::oid;
    -- A set that we handed back with a day more, because zones differ, means what it meant.
    v_retention := coalesce(p_keep, case when v_old.keep + interval '1 day' = v_retention then v_old.keep end, v_retention, v_old.keep);
    if v_retention is null then
        raise exception 'pg_partman keeps all partitions of %, and a policy needs to know how long', @extschema@._qualified_name(p_table::oid)
            using errcode = 'invalid_parameter_value', hint = 'Say p_keep => ''…'' (command line: --keep).';
    end if;
    -- The zone whose calendar its bounds follow; for a type without zones any.
    select z.zone, z.misfits into v_zone, v_misfits
    from (
        select
            s.zone, s.place,
            @extschema@._grid_misfits(
                p_table::oid, v_type, v_unit, v_interval, case when v_type in ('timestamp', 'date') then 'UTC' else s.zone end
            ) as misfits
        from (values (p_time_zone, 1), (v_old.time_zone, 2), (@extschema@._default_time_zone(), 3), ('UTC', 4)) as s (zone, place)
        where s.zone is not null and (p_time_zone is null or s.place = 1)
    ) as z
    order by z.misfits, z.place
    limit 1;
    perform @extschema@._partman_exclude();
    perform @extschema@._partman_write(p_table::oid, v_config ->> 'extension_schema', '{"automatic_maintenance": "off"}');
    v_own := nullif(v_own, case when v_interval >= interval '1 day' then 'YYYYMMDD' else 'YYYYMMDD_HH24MISS' end);
    v_new := @extschema@.set_policy(
        p_table, p_keep => v_retention, p_column => v_config ->> 'control', p_time_zone => v_zone, p_epoch_unit => v_unit,
        p_partition_interval => v_interval, p_premake => (v_config ->> 'premake')::integer, p_partition_remove => v_remove,
        p_detached_schema => coalesce(v_config ->> 'retention_schema', ''),
        p_detached_keep => coalesce(p_detached_keep, case when v_remove <> 'drop' then interval '100 years' end),
        p_managed_by => 'us', p_partition_format => coalesce(v_own, '')
    );
    return query
    select r.aspect, r.value, r.remark
    from (
        values
        (1, 'partition_interval', v_new.partition_interval::text, null),
        (2, 'premake', v_new.premake::text, 'ahead of now, where pg_partman counts from the newest row'),
        (3, 'keep', v_new.keep::text, case when v_config ->> 'retention' is null then 'pg_partman kept everything' end),
        (
            4, 'partition_remove', v_new.partition_remove, case when v_remove <> 'drop' then format(
                'what was detached is dropped after %s (p_detached_keep); pg_partman never drops it', v_new.detached_keep
            ) end
        ),
        (
            5, 'time_zone', v_new.time_zone, case when v_misfits > 0 then format(
                '%s partitions are longer or shorter than an interval; new ones go on from the newest bound', v_misfits
            ) end
        ),
        (6, 'partition_format', v_new.partition_format, 'names go on as they are'),
        (7, 'automatic_maintenance', 'off', format('in %I.part_config; the row stays, for hand_back', v_config ->> 'extension_schema')),
        (8, 'constraint_cols', v_config ->> 'constraint_cols', 'no such constraints are made any more'),
        (9, 'retention_keep_index', nullif(v_config ->> 'retention_keep_index', 'true'), 'a partition that is detached keeps its indexes')
    ) as r (n, aspect, value, remark)
    where r.value is not null
    order by r.n;
end
$$;
comment on function @extschema@.adopt(regclass, interval, text, interval) is
'Takes over a partition set of pg_partman: its configuration becomes a policy.';
