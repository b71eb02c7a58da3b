-- requires: set_policy
-- Binds the policy of a renamed, re-created or restored table to the table
-- that now has that oid or name, after validating it again in full. Refused
-- in a copy until it is confirmed: what its oids point at is chance.
create or replace function @extschema@.rebind(p_table regclass)
returns @extschema@._policy
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_policy @extschema@._policy := @extschema@._find_policy(p_table);
    v_kind record;
    v_detail text;
    v_rival text;
    v_name text := @extschema@._qualified_name(p_table::oid);
begin
    select g.detail into v_detail from @extschema@._identity_guard() as g where g.guard = 'copy';
    if found then
        raise exception 'the policy is suspended: %', v_detail
            using errcode = 'object_not_in_prerequisite_state',
            hint = format('select %I.confirm(p_guard => ''copy'', p_reason => ''…'');', @extschema@._schema());
    end if;
    select format('%I.%I', p.schema_name, p.table_name) into v_rival
    from @extschema@._policy as p
    where p.policy_id <> v_policy.policy_id
        and (p.relation_id = p_table::oid or format('%I.%I', p.schema_name, p.table_name) = v_name);
    if found then
        raise exception 'two policies claim %: one by its oid, one by its name', v_name
            using errcode = 'object_not_in_prerequisite_state',
            hint = format(
                'Drop the one you do not want: select %1$I.drop_policy(%2$L); or: select %1$I.drop_policy(%3$L);',
                @extschema@._schema(), format('%I.%I', v_policy.schema_name, v_policy.table_name), v_rival
            );
    end if;
    select k.kind, k.reason, k.fix into v_kind from @extschema@._table_kind(p_table::oid) as k;
    if v_kind.kind = 'refused' then
        raise exception '%', v_kind.reason using errcode = 'invalid_parameter_value', hint = v_kind.fix;
    end if;
    perform @extschema@._lock_policy(v_policy.relation_id);
    perform @extschema@._lock_policy(p_table::oid);
    v_policy := @extschema@._find_policy(p_table);
    v_policy.relation_id := p_table::oid;
    select n.nspname, c.relname into v_policy.schema_name, v_policy.table_name
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_table::oid;
    v_policy.time_type := @extschema@._time_type(p_table::oid, v_policy.time_column);
    if v_policy.time_type not in ('integer', 'bigint') then
        v_policy.epoch_unit := null;
    end if;
    perform @extschema@._check_policy(v_policy);
    perform @extschema@._check_rotation(v_policy);
    perform @extschema@._require_preflight(v_policy);
    v_policy.condition := @extschema@._parse_condition(p_table::oid, v_policy.condition);
    return @extschema@._store_policy(v_policy);
end
$$;
comment on function @extschema@.rebind(regclass) is
'Binds a suspended policy to the table that now has its name or oid.';
