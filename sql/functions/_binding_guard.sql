-- requires: _identity_guard, _binding_fix, _time_type, _table_kind, _qualified_name
-- Is the table of a policy still the one that it was made for, with the column
-- that it was made for? Returns no row when it is, else what happened and the
-- statement that decides it.
create or replace function @extschema@._binding_guard(p_policy_id bigint)
returns table (detail text, fix text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_stored text;
    v_current text;
    v_type text;
    v_namesake oid;
begin
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = p_policy_id;
    v_stored := format('%I.%I', v_policy.schema_name, v_policy.table_name);
    v_current := @extschema@._qualified_name(v_policy.relation_id);
    v_type := @extschema@._time_type(v_policy.relation_id, v_policy.time_column);
    if v_policy.policy_id is null or (v_current = v_stored and v_type = v_policy.time_type) then
        return;
    elsif v_current is distinct from v_stored and exists (select from @extschema@._identity_guard() as g where g.guard = 'copy') then
        -- The oid is one of another database and says nothing about the tables here.
        detail := format('the policy of %s came with a copy of another database and is not bound to a table here yet', v_stored);
        fix := format('select %I.confirm(p_guard => ''copy'', p_reason => ''…'');', @extschema@._schema());
        return next;
        return;
    end if;
    select c.oid into v_namesake
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        n.nspname = v_policy.schema_name and c.relname = v_policy.table_name and c.oid <> v_policy.relation_id
        and (@extschema@._table_kind(c.oid)).kind <> 'refused';
    detail := case
        when v_current = v_stored and v_type is null then format('%s has no column %I any more', v_stored, v_policy.time_column)
        when v_current = v_stored
            then format('column %I of %s is not of type %s any more', v_policy.time_column, v_stored, v_policy.time_type)
        when v_current is not null and v_namesake is null then format('%s was renamed to %s', v_stored, v_current)
        when v_current is not null
            then format('%s was renamed to %s, and another table now has the old name', v_stored, v_current)
        when v_policy.relation_id = 0 and v_namesake is null
            then format('the policy of %s came with a copy of another database, and there is no such table here', v_stored)
        when v_policy.relation_id = 0
            then format('the policy of %s came with a copy of another database and is not bound to a table here yet', v_stored)
        when v_namesake is null then format('%s (oid %s) does not exist any more', v_stored, v_policy.relation_id)
        else format(
            '%s is another table than before (oid %s, was %s): dropped and made again, or restored',
            v_stored, v_namesake, v_policy.relation_id
        )
    end;
    fix := @extschema@._binding_fix(v_policy, v_current, v_namesake);
    return next;
end
$$;
comment on function @extschema@._binding_guard(bigint) is
'Why a policy is not bound to the table it was made for, with the fix; no row when it is.';
