-- A policy whose table was renamed, or dropped and made again, is not changed
-- by accident: the operator says rebind first. One whose table only lost its
-- time column may be changed, because that is how it gets another.
create or replace function @extschema@._require_bound(p_table regclass)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_suspension record;
begin
    select s.detail, s.fix into v_suspension
    from @extschema@._policy as p
    cross join @extschema@._suspension(p.policy_id) as s
    where
        s.guard = 'binding'
        and (p.relation_id = p_table::oid) <> (format('%I.%I', p.schema_name, p.table_name) = @extschema@._qualified_name(p_table::oid));
    if found then
        raise exception 'the policy is suspended: %', v_suspension.detail
            using errcode = 'object_not_in_prerequisite_state', hint = v_suspension.fix;
    end if;
end
$$;
comment on function @extschema@._require_bound(regclass) is
'An error when a policy of this table, or of this name, is bound to another table.';
