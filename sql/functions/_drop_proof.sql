-- requires: _lock_set_gently
-- Takes away the CHECK by which a pass proves that a big default has no rows of partitions to
-- come: it refuses such rows for as long as it is there. True when there was one.
create or replace function @extschema@._drop_proof(p_policy @extschema@._policy)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_default text;
begin
    select @extschema@._qualified_name(t.partdefid) into v_default
    from pg_partitioned_table as t
    inner join pg_constraint as c on c.conrelid = t.partdefid and c.conname = 'pytelemetry_db_no_rows'
    inner join pg_class as d on d.oid = t.partdefid
    -- Who may not change the table leaves it to whoever may.
    where t.partrelid = (p_policy).relation_id and pg_has_role(d.relowner, 'USAGE');
    if v_default is null then
        return false;
    end if;
    perform @extschema@._lock_set_gently((p_policy).relation_id, null);
    execute format('alter table %s drop constraint pytelemetry_db_no_rows', v_default);
    return true;
end
$$;
comment on function @extschema@._drop_proof(@extschema@._policy) is
'Takes away the CHECK by which a pass proves that a big default has no rows of partitions to come.';
