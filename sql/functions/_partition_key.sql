-- requires: _time_type
-- What a table is partitioned by, as far as a rotation can go on from there: one
-- column of a time type, by range. "problem" says why it cannot. Reads catalogs
-- only. Called wherever partitions are made or removed.
create or replace function @extschema@._partition_key(
    p_relation_id oid,
    out column_name name,
    out time_type text,
    out problem text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table pg_partitioned_table;
    v_name text := @extschema@._qualified_name(p_relation_id);
begin
    select p.* into v_table from pg_partitioned_table as p where p.partrelid = p_relation_id;
    if not found then
        problem := format('%s is not partitioned', v_name);
    elsif v_table.partstrat <> 'r' then
        problem := format('%s is partitioned by %s, not by range', v_name, case v_table.partstrat when 'l' then 'list' else 'hash' end);
    elsif v_table.partnatts > 1 then
        problem := format('%s is partitioned by %s columns', v_name, v_table.partnatts);
    elsif v_table.partattrs[0] = 0 then
        problem := format('%s is partitioned by an expression', v_name);
    else
        select a.attname into column_name
        from pg_attribute as a
        where a.attrelid = p_relation_id and a.attnum = v_table.partattrs[0];
        time_type := @extschema@._time_type(p_relation_id, column_name);
        if time_type = 'unsupported' then
            problem := format('%s is partitioned by %I, which is no time column', v_name, column_name);
        end if;
    end if;
end
$$;
comment on function @extschema@._partition_key(oid) is
'The time column that a table is partitioned by, or why a rotation cannot go on from there.';
