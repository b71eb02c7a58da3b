-- requires: _partition_key, _table_kind, _subpartition
-- Validates what a policy says about partitions; nothing when it says nothing.
-- Raises one clear error. Called by set_policy and rebind.
create or replace function @extschema@._check_rotation(p_policy @extschema@._policy)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := format('%I.%I', (p_policy).schema_name, (p_policy).table_name);
    v_key record;
    v_interval interval := (p_policy).partition_interval;
    v_sub text := @extschema@._subpartition((p_policy).relation_id);
begin
    if (p_policy).premake not between 0 and 500 then
        raise exception 'premake cannot be %', (p_policy).premake
            using errcode = 'invalid_parameter_value', hint = 'Expected 0 to 500 partitions beyond the present one, such as 4.';
    elsif (p_policy).partition_remove not in ('drop', 'detach', 'move') then
        raise exception 'partition_remove cannot be "%"', (p_policy).partition_remove
            using errcode = 'invalid_parameter_value', hint = 'Expected drop, detach or move.';
    elsif (p_policy).managed_by not in ('us', 'observe', 'drive') then
        raise exception 'managed_by cannot be "%"', (p_policy).managed_by
            using errcode = 'invalid_parameter_value', hint = 'Expected us, observe or drive.';
    elsif (p_policy).detached_keep < interval '0 s' then
        raise exception 'detached_keep cannot be "%"', (p_policy).detached_keep
            using errcode = 'invalid_parameter_value', hint = 'Expected an interval of 0 or more, such as ''7 days''.';
    elsif (p_policy).partition_remove = 'move' and to_regnamespace(quote_ident((p_policy).detached_schema)) is null then
        raise exception 'there is no schema "%" to move partitions to', coalesce((p_policy).detached_schema, '')
            using errcode = 'invalid_parameter_value', hint = 'Say p_detached_schema => ''…'' (command line: --detached-schema), a schema that exists.';
    end if;
    if v_interval is null then
        return;
    end if;
    if
        least(extract(year from v_interval), extract(month from v_interval), extract(day from v_interval), extract(epoch from v_interval - date_trunc('day', v_interval))) < 0
        or v_interval < interval '1 minute' or v_interval > interval '100 years'
        or (date_trunc('month', v_interval) <> interval '0 s' and v_interval <> date_trunc('month', v_interval))
    then
        raise exception 'partition_interval cannot be "%"', v_interval
            using errcode = 'invalid_parameter_value',
            hint = 'Expected minutes, hours, days or weeks, or months or years, from 1 minute to 100 years, such as ''1 day'' or ''1 month''.';
    end if;
    select k.column_name, k.time_type, k.problem into v_key from @extschema@._partition_key((p_policy).relation_id) as k;
    if v_key.problem is not null then
        raise exception '%: its partitions cannot be rotated', v_key.problem
            using errcode = 'invalid_parameter_value',
            hint = 'Rotation needs PARTITION BY RANGE on one time column; leave p_partition_interval out to have rows deleted.';
    elsif v_key.column_name <> (p_policy).time_column then
        raise exception '% is partitioned by %, and the policy goes by %', v_name, v_key.column_name, (p_policy).time_column
            using errcode = 'invalid_parameter_value', hint = format('Say p_column => %L (command line: --column).', v_key.column_name);
    elsif v_key.time_type = 'date' and v_interval <> date_trunc('day', v_interval) then
        raise exception 'partitions of % have to be of whole days: % is a date', v_name, v_key.column_name
            using errcode = 'invalid_parameter_value', hint = 'Expected 1 day or more.';
    elsif
        v_key.time_type in ('integer', 'bigint') and (p_policy).epoch_unit in ('s', 'ms')
        and v_interval <> date_trunc(case (p_policy).epoch_unit when 's' then 'second' else 'milliseconds' end, v_interval)
    then
        raise exception 'partitions of % have to be of whole units: % counts in %', v_name, v_key.column_name, (p_policy).epoch_unit
            using errcode = 'invalid_parameter_value', hint = 'Expected an interval such as ''1 day''.';
    elsif (p_policy).managed_by = 'us' and (select k.kind from @extschema@._table_kind((p_policy).relation_id) as k) = 'partman' then
        raise exception '% is a set of pg_partman''s, and two must not both make its partitions', v_name
            using errcode = 'object_not_in_prerequisite_state',
            hint = 'Take it over (command line: partition adopt), or say p_managed_by => ''observe''.';
    elsif (p_policy).managed_by = 'us' and v_sub is not null then
        raise exception '% of % is partitioned itself: such sets cannot be rotated', v_sub, v_name
            using errcode = 'object_not_in_prerequisite_state', hint = 'Leave p_partition_interval out to have rows deleted.';
    end if;
end
$$;
comment on function @extschema@._check_rotation(@extschema@._policy) is
'Validates what a policy says about partitions.';
