-- requires: _convert_check, _convert_boundary, _partition_name, _unused_name, _find_policy
-- requires: _convert_undo_findings, _convert_open_findings
-- What convert would do now, step by step, with the locks; refuses what it would
-- refuse. Serves the dry run and changes nothing.
create or replace function @extschema@._convert_plan(
    p_table regclass,
    p_interval interval,
    p_premake integer,
    p_boundary timestamptz,
    p_undo boolean
)
returns table (step text, detail text, locks text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_found @extschema@._conversion;
    v_policy @extschema@._policy;
    v_detail text;
    v_fix text;
    v_child text;
    v_has_rows boolean;
    v_name text := @extschema@._qualified_name(p_table::oid);
    v_boundary timestamptz;
    v_old name;
    v_wait text := format('ACCESS EXCLUSIVE, for milliseconds; given up and tried again after %s', @extschema@._get_setting('lock_timeout'));
begin
    select c.* into v_found
    from @extschema@._conversion as c
    where p_table::oid in (c.relation_id, c.parent_id) and c.step <> 'undone';
    if p_undo then
        if v_found.conversion_id is null then
            raise exception 'there is no conversion of % to undo', v_name
                using errcode = 'object_not_in_prerequisite_state', hint = 'The view conversions has all of them.';
        elsif v_found.swapped_at is null then
            return query select 'undo', format('drop the copy %I and the CHECK %I', v_found.new_name, v_found.check_name), v_wait;
            return;
        end if;
        if v_found.step not in ('move', 'close', 'undo_keys') then
            select f.detail, f.fix into v_detail, v_fix from @extschema@._convert_undo_findings(v_found) as f limit 1;
            if v_detail is not null then
                raise exception '%', v_detail using errcode = 'object_not_in_prerequisite_state', hint = v_fix;
            end if;
            for v_child in
                select @extschema@._qualified_name(i.inhrelid) from pg_inherits as i
                where i.inhparent = v_found.parent_id and i.inhrelid <> v_found.relation_id
            loop
                execute format('select exists (select from %s)', v_child) into v_has_rows;
                exit when v_has_rows;
            end loop;
            select string_agg(f.detail, '; '), string_agg(f.fix, E'\n') into v_detail, v_fix from @extschema@._convert_open_findings(v_found) as f;
            if v_has_rows and v_detail is not null then
                raise exception 'rows came in since, and they cannot be moved back: %', v_detail
                    using errcode = 'object_not_in_prerequisite_state', hint = v_fix;
            end if;
            return query select
                'undo',
                format('%I becomes %s again, and the partitioned table is dropped with its empty partitions', v_found.old_name, v_name), v_wait;
        end if;
        if v_has_rows or v_found.step in ('move', 'close') then
            return query select
                'move',
                format(
                    'rows lie outside %I: they are moved back in batches of 200; until then %s is a table with children, and an upsert of a row that was not moved yet fails and has to be sent again',
                    v_found.old_name, v_name
                ),
                format('SHARE ROW EXCLUSIVE: writers wait for a batch; given up and tried again after %s', @extschema@._get_setting('lock_timeout'));
        end if;
        return;
    end if;
    v_policy := @extschema@._find_policy(p_table);
    if v_found.finished_at is null and v_found.conversion_id is not null then
        v_policy.partition_interval := v_found.partition_interval;
        v_policy.premake := v_found.premake;
        v_boundary := v_found.boundary;
        v_old := v_found.old_name;
    else
        v_policy := @extschema@._convert_check(v_policy, p_table::oid, p_interval, p_premake);
        v_boundary := @extschema@._convert_boundary(v_policy, v_policy.partition_interval, p_boundary);
        v_old := @extschema@._unused_name(v_policy.schema_name, v_policy.table_name, '_old');
    end if;
    return query
    select s.step, s.detail, s.locks
    from (
        values
        (
            1, 'build', format(
                'a partitioned copy without rows, with %s indexes and %s foreign keys, and %s partitions of %s from %s on (%s)',
                (select count(*) from pg_index as i where i.indrelid = p_table::oid),
                (select count(*) from pg_constraint as k where k.conrelid = p_table::oid and k.contype = 'f'),
                greatest(v_policy.premake, 1), v_policy.partition_interval, v_boundary,
                @extschema@._partition_name(v_policy.table_name, v_boundary, v_policy.partition_interval, case when v_policy.time_type in ('timestamp', 'date') then 'UTC' else v_policy.time_zone end)
            ), 'ACCESS SHARE; SHARE ROW EXCLUSIVE for a moment on tables that a foreign key references'
        ),
        (2, 'check', format('a CHECK on %s that %I lies before %s, not validated', v_name, v_policy.time_column, v_boundary), v_wait),
        (3, 'validate', 'the CHECK is validated, which reads the table once', 'SHARE UPDATE EXCLUSIVE: everybody reads and writes'),
        (
            4, 'swap', format('%s becomes the partition %I, and the copy takes its name, views, keys, triggers, policies and holds', v_name, v_old),
            v_wait
        ),
        (
            5, 'keys', format(
                '%s foreign keys that reference %s are validated',
                (select count(*) from pg_constraint as k where k.confrelid = p_table::oid and k.contype = 'f' and k.conparentid = 0), v_name
            ), 'SHARE UPDATE EXCLUSIVE on the tables that reference it'
        )
    ) as s (place, step, detail, locks)
    where s.place >= coalesce(array_position(array['build', 'check', 'validate', 'swap', 'keys', 'done'], v_found.step), 1)
    order by s.place;
end
$$;
comment on function @extschema@._convert_plan(regclass, interval, integer, timestamptz, boolean) is
'What convert would do now, step by step.';
