-- requires: _partman_config, _partition_key, _qualified_name, _subpartition
-- Why a set of pg_partman's cannot become one of ours; null when it can. Reads
-- catalogs and its row, which the caller has. Called by adopt.
create or replace function @extschema@._partman_refusal(p_relation_id oid, p_config jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_name text := @extschema@._qualified_name(p_relation_id);
    v_key record;
    v_has_sub boolean;
begin
    if p_config is null then
        return format('%s is not a set of pg_partman''s', v_name);
    end if;
    select k.column_name, k.time_type, k.problem into v_key from @extschema@._partition_key(p_relation_id) as k;
    if v_key.problem is not null then
        return v_key.problem;
    elsif p_config ->> 'control' <> v_key.column_name then
        return format('%s is partitioned by %s, and pg_partman goes by %s', v_name, v_key.column_name, p_config ->> 'control');
    elsif v_key.time_type in ('integer', 'bigint') and coalesce(p_config ->> 'epoch', 'none') = 'none' then
        return format('%s is partitioned by numbers that are no times to pg_partman', v_name);
    elsif p_config ->> 'undo_in_progress' = 'true' then
        return format('pg_partman is about to undo the partitions of %s', v_name);
    elsif p_config ->> 'async_partitioning_in_progress' is not null then
        return format('pg_partman is moving rows into partitions of %s', v_name);
    end if;
    execute format('select exists (select from %I.part_config_sub as s where s.sub_parent = $1)', p_config ->> 'extension_schema')
    into v_has_sub using p_config ->> 'parent_table';
    if v_has_sub or @extschema@._subpartition(p_relation_id) is not null then
        return format('partitions of %s are partitioned themselves', v_name);
    end if;
    return null;
exception
    when insufficient_privilege then
        raise exception '% cannot see what pg_partman manages', current_user
            using errcode = 'insufficient_privilege', hint = format(
                'grant select on %I.part_config_sub to %I;', p_config ->> 'extension_schema', current_user
            );
end
$$;
comment on function @extschema@._partman_refusal(oid, jsonb) is
'Why a set of pg_partman''s cannot become one of ours; null when it can.';
