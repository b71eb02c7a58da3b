-- requires: _check_privileges, _convert_check, _convert_boundary, _convert_names, _convert_shape
-- requires: _unused_name, _bound_literal
-- First step of a conversion: finds the one that is under way, or looks whether
-- the table can be converted and writes a new one down. With p_undo it turns one
-- round. Returns its number. Changes nothing but our own row.
create or replace function @extschema@._convert_begin(
    p_table regclass,
    p_interval interval,
    p_premake integer,
    p_boundary timestamptz,
    p_undo boolean
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_found @extschema@._conversion;
    v_name text := @extschema@._qualified_name(p_table::oid);
    v_boundary timestamptz;
    v_id bigint;
    v_problem record;
begin
    -- Rows that move back make what hangs on the table run, with the rights of whoever calls.
    select p.detail, p.fix into v_problem
    from @extschema@._check_privileges(p_table::oid, current_user) as p
    where p.check_id = 'superuser';
    if found then
        raise exception '%', v_problem.detail using errcode = 'insufficient_privilege', hint = v_problem.fix;
    end if;
    perform @extschema@._lock_policy(p_table::oid);
    select c.* into v_found
    from @extschema@._conversion as c
    where p_table::oid in (c.relation_id, c.parent_id) and c.step <> 'undone'
    order by c.conversion_id desc
    limit 1;
    if p_undo then
        if v_found.conversion_id is null then
            raise exception 'there is no conversion of % to undo', v_name
                using errcode = 'object_not_in_prerequisite_state', hint = 'The view conversions has all of them.';
        elsif v_found.step not in ('undo', 'open', 'move', 'close', 'undo_keys') then
            update @extschema@._conversion as c
            set
                step = 'undo', finished_at = null, tries = 0, last_error = null, changed_at = clock_timestamp(),
                -- It may be another one by now.
                policy_id = coalesce((select p.policy_id from @extschema@._policy as p where p.relation_id in (c.relation_id, c.parent_id)), c.policy_id)
            where c.conversion_id = v_found.conversion_id;
        end if;
        return v_found.conversion_id;
    end if;
    v_policy := @extschema@._find_policy(p_table);
    v_boundary := case
        when v_policy.time_type in ('timestamp', 'date') then (p_boundary at time zone v_policy.time_zone) at time zone 'UTC'
        else p_boundary
    end;
    if v_found.step in ('undo', 'open') and v_found.swapped_at is not null then
        -- Nothing is undone yet, and it need not be.
        update @extschema@._conversion as c
        set step = 'keys', tries = 0, last_error = null, last_error_at = null, changed_at = clock_timestamp()
        where c.conversion_id = v_found.conversion_id;
        return v_found.conversion_id;
    elsif v_found.step in ('undo', 'open', 'move', 'close', 'undo_keys') then
        raise exception 'the conversion of % is being undone', v_name
            using errcode = 'object_not_in_prerequisite_state', hint = format('call %I.convert(%L, p_undo => true);', @extschema@._schema(), v_name);
    elsif v_found.conversion_id is not null and v_found.finished_at is null then
        if v_found.partition_interval <> coalesce(p_interval, v_found.partition_interval) or v_found.boundary <> coalesce(v_boundary, v_found.boundary) then
            raise exception 'a conversion of % into partitions of % from % is under way', v_name, v_found.partition_interval, v_found.boundary
                using errcode = 'object_not_in_prerequisite_state',
                hint = format('Go on with that one, or undo it first: call %I.convert(%L, p_undo => true);', @extschema@._schema(), v_name);
        end if;
        return v_found.conversion_id;
    end if;
    v_policy := @extschema@._convert_check(v_policy, p_table::oid, p_interval, p_premake);
    insert into @extschema@._conversion (
        policy_id, relation_id, schema_name, table_name, old_name, new_name, check_name, names, shape, time_column, time_type,
        epoch_unit, time_zone, partition_interval, premake, boundary, lower_literal, upper_literal
    )
    select
        v_policy.policy_id, v_policy.relation_id, v_policy.schema_name, v_policy.table_name,
        @extschema@._unused_name(v_policy.schema_name, v_policy.table_name, '_old'),
        @extschema@._unused_name(v_policy.schema_name, v_policy.table_name, '_new'), c.check_name,
        @extschema@._convert_names(v_policy.relation_id), @extschema@._convert_shape(v_policy.relation_id, c.check_name),
        v_policy.time_column, v_policy.time_type, v_policy.epoch_unit, z.zone, v_policy.partition_interval, v_policy.premake,
        b.boundary,
        quote_literal(case v_policy.time_type when 'integer' then '-2147483648' when 'bigint' then '-9223372036854775808' else '-infinity' end),
        @extschema@._bound_literal(b.boundary, v_policy.time_type, z.zone, v_policy.epoch_unit)
    from @extschema@._convert_boundary(v_policy, v_policy.partition_interval, p_boundary) as b (boundary)
    cross join @extschema@._unused_name(v_policy.schema_name, v_policy.table_name, '_converted_until') as c (check_name)
    cross join (select case when v_policy.time_type in ('timestamp', 'date') then 'UTC' else v_policy.time_zone end) as z (zone)
    returning conversion_id into v_id;
    return v_id;
end
$$;
comment on function @extschema@._convert_begin(regclass, interval, integer, timestamptz, boolean) is
'Finds the conversion that is under way, or begins one.';
