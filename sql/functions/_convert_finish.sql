-- requires: _lock_gently
-- What comes after a swap and needs no lock that stops anybody: validates one of the
-- foreign keys that reference the table, and returns false while there are more;
-- then the samples of the policy go on under the table that took the name.
create or replace function @extschema@._convert_finish(p_conversion @extschema@._conversion, p_relation_id oid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_key record;
begin
    for v_key in
        select k.conname, k.conrelid, @extschema@._qualified_name(k.conrelid) as name
        from pg_constraint as k
        where
            k.confrelid = p_relation_id and k.contype = 'f' and k.conparentid = 0 and not k.convalidated
        order by k.oid
        limit 1
    loop
        perform @extschema@._lock_gently(v_key.conrelid);
        execute format('alter table %s validate constraint %I', v_key.name, v_key.conname);
        return false;
    end loop;
    update @extschema@._sample as s set relation_id = p_relation_id where s.policy_id = (p_conversion).policy_id;
    return true;
end
$$;
comment on function @extschema@._convert_finish(@extschema@._conversion, oid) is
'What comes after a swap: foreign keys are validated one by one.';
