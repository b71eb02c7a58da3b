-- Why the partitions of a policy cannot be changed by this role, as the state that a rotation ends
-- with; null when they can. Looks at the owner of each, so it is asked when there is something to do.
create or replace function @extschema@._owner_refusal(p_policy @extschema@._policy)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason record;
begin
    select r.rolname, @extschema@._qualified_name(o.relation_id) as name into v_reason
    from (
        -- Owners are few, partitions may be thousands.
        select c.relowner, min(c.oid) as relation_id
        from (
            select (p_policy).relation_id as oid
            union all
            select i.inhrelid from pg_inherits as i where i.inhparent = (p_policy).relation_id
        ) as m
        inner join pg_class as c on c.oid = m.oid
        group by c.relowner
    ) as o
    inner join pg_roles as r on r.oid = o.relowner
    where not pg_has_role(o.relowner, 'USAGE') or case when current_setting('server_version_num')::integer >= 160000 then not pg_has_role(o.relowner, 'SET') end
    order by o.relation_id
    limit 1;
    if found then
        return jsonb_build_object(
            'stop', 'failed', 'sqlstate', '42501',
            'message', format('role %s is not a member of %s, which owns %s', current_user, v_reason.rolname, v_reason.name),
            'fix', format('grant %I to %I; -- with inherit and set', v_reason.rolname, current_user)
        );
    end if;
    return null;
end
$$;
comment on function @extschema@._owner_refusal(@extschema@._policy) is
'Why the partitions of a policy cannot be changed by this role; null when they can.';
