-- requires: _announce, _check_rotation
-- Makes or changes the policy of one table. Everything is validated here and
-- not at night. Omitted arguments keep stored values; an empty p_condition
-- removes the condition, empty p_hours the hours, a p_batch_rows of 0 the fixed size, a
-- p_partition_interval of 0 the rotation. Waits for a running batch, and binds when it returns.
create or replace function @extschema@.set_policy(
    p_table regclass,
    p_keep interval default null,
    p_column name default null,
    p_condition text default null,
    p_remove text default null,
    p_time_zone text default null,
    p_grace interval default null,
    p_max_size text default null,
    p_epoch_unit text default null,
    p_batch_rows integer default null,
    p_strategy text default null,
    p_hours text default null,
    p_synchronous_commit boolean default null,
    p_partition_interval interval default null,
    p_premake integer default null,
    p_partition_remove text default null,
    p_detached_schema name default null,
    p_detached_keep interval default null,
    p_managed_by text default null,
    p_partition_format text default null
)
returns @extschema@._policy
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_policy @extschema@._policy;
    v_is_new boolean;
    v_kind record;
begin
    if p_table is null then
        raise exception 'p_table is null: no table was named' using errcode = 'invalid_parameter_value', hint = 'Say p_table => ''schema.table''.';
    end if;
    select k.kind, k.reason, k.fix into v_kind from @extschema@._table_kind(p_table::oid) as k;
    if v_kind.kind = 'refused' then
        raise exception '%', v_kind.reason using errcode = 'invalid_parameter_value', hint = coalesce(v_kind.fix, 'Choose another table.');
    end if;
    perform @extschema@._lock_policy(p_table::oid);
    select p.* into v_policy from @extschema@._policy as p where p.relation_id = p_table::oid;
    v_is_new := not found;
    perform @extschema@._require_bound(p_table);
    v_policy.relation_id := p_table::oid;
    select n.nspname, c.relname into v_policy.schema_name, v_policy.table_name
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_table::oid;
    v_policy.time_column := coalesce(p_column, v_policy.time_column, @extschema@._choose_column(p_table::oid));
    v_policy.time_type := @extschema@._time_type(p_table::oid, v_policy.time_column);
    v_policy.epoch_unit := coalesce(p_epoch_unit, case when v_policy.time_type in ('integer', 'bigint') then v_policy.epoch_unit end);
    v_policy.keep := coalesce(p_keep, v_policy.keep);
    v_policy.remove := coalesce(p_remove, v_policy.remove, 'auto');
    v_policy.grace := coalesce(p_grace, v_policy.grace, interval '1 day');
    v_policy.batch_rows := nullif(coalesce(p_batch_rows, v_policy.batch_rows), 0);
    v_policy.strategy := coalesce(p_strategy, v_policy.strategy, 'auto');
    v_policy.hours := nullif(coalesce(p_hours, v_policy.hours), '');
    v_policy.synchronous_commit := coalesce(p_synchronous_commit, v_policy.synchronous_commit, false);
    v_policy.partition_interval := nullif(coalesce(p_partition_interval, v_policy.partition_interval), interval '0 s');
    v_policy.premake := coalesce(p_premake, v_policy.premake, 4);
    v_policy.partition_remove := coalesce(p_partition_remove, v_policy.partition_remove, 'drop');
    v_policy.detached_schema := nullif(coalesce(p_detached_schema, v_policy.detached_schema), '');
    v_policy.detached_keep := coalesce(p_detached_keep, v_policy.detached_keep, interval '7 days');
    v_policy.managed_by := coalesce(p_managed_by, v_policy.managed_by, 'us');
    v_policy.partition_format := nullif(coalesce(p_partition_format, v_policy.partition_format), '');
    v_policy.max_size := coalesce(pg_size_bytes(p_max_size), v_policy.max_size);
    if v_is_new and p_time_zone is null and v_policy.time_type in ('timestamp', 'date') then
        raise notice '%.% has no time zone; its values are read as times in %', v_policy.table_name, v_policy.time_column, @extschema@._default_time_zone()
            using hint = 'If its writers use another zone, say p_time_zone => ''…'' (command line: --time-zone).';
    end if;
    v_policy.time_zone := coalesce(p_time_zone, v_policy.time_zone, @extschema@._default_time_zone());
    perform @extschema@._check_policy(v_policy);
    perform @extschema@._check_rotation(v_policy);
    perform @extschema@._require_preflight(v_policy);
    -- The stored one too: a column that it names may have another name or type by now.
    v_policy.condition := @extschema@._parse_condition(p_table::oid, coalesce(p_condition, v_policy.condition));
    perform @extschema@._record_home();
    v_policy := @extschema@._store_policy(v_policy);
    perform @extschema@._announce(v_policy);
    return v_policy;
end
$$;
comment on function @extschema@.set_policy(
    regclass, interval, name, text, text, text, interval, text, text, integer, text, text, boolean,
    interval, integer, text, name, interval, text, text
) is
'Makes or changes the policy of one table; omitted arguments keep stored values.';
