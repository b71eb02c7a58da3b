-- Gives a relation the privileges of another one, of the table and of its
-- columns, and takes away what it has besides, by default or as its owner. Both have one owner,
-- who is the grantor of all of them. Also serves sequences.
create or replace function @extschema@._copy_grants(p_from oid, p_to oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_statement text;
    v_kind text := case (select c.relkind from pg_class as c where c.oid = p_to) when 'S' then 'sequence' else 'table' end;
    v_to text := @extschema@._qualified_name(p_to);
begin
    if not exists (
        select from pg_class as c where c.oid in (p_from, p_to) and c.relacl is not null
        union all
        select from pg_attribute as a where a.attrelid in (p_from, p_to) and a.attacl is not null
    ) then
        return;
    end if;
    for v_statement in
        select format('revoke all on %s %s from %s', v_kind, v_to, case when a.grantee = 0 then 'public' else format('%s', a.grantee::regrole) end)
        from pg_class as c
        cross join aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) as a
        where c.oid = p_to
        group by a.grantee
    loop
        execute format('%s', v_statement);
    end loop;
    for v_statement in
        select format(
            'grant %s on %s %s to %s%s', a.privilege_type, v_kind, v_to,
            case when a.grantee = 0 then 'public' else format('%s', a.grantee::regrole) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from pg_class as c
        cross join aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) as a
        where c.oid = p_from
        union all
        select format(
            'grant %s (%I) on %s to %s%s', a.privilege_type, t.attname, v_to,
            case when a.grantee = 0 then 'public' else format('%s', a.grantee::regrole) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from pg_attribute as t
        cross join aclexplode(t.attacl) as a
        where t.attrelid = p_from and t.attnum > 0 and not t.attisdropped
    loop
        execute format('%s', v_statement);
    end loop;
end
$$;
comment on function @extschema@._copy_grants(oid, oid) is
'Gives a relation the privileges of another one.';
