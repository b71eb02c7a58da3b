-- Who may do what with a table, as text: privileges of it and of its columns, row security
-- and its policies. Two tables that may be read and written alike have the same text.
create or replace function @extschema@._privileges_text(p_relation_id oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(x.part, E'\n' order by x.part)
    from (
        select format('table %s %s %s', a.grantee, a.privilege_type, a.is_grantable)
        from pg_class as c
        cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
        where c.oid = p_relation_id
        union
        select format('column %s %s %s %s', t.attname, a.grantee, a.privilege_type, a.is_grantable)
        from pg_attribute as t
        cross join aclexplode(t.attacl) as a
        where t.attrelid = p_relation_id and t.attnum > 0 and not t.attisdropped
        union
        select format(
            'policy %s %s %s %s %s %s', p.polname, p.polpermissive, p.polcmd, p.polroles,
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        )
        from pg_policy as p
        where p.polrelid = p_relation_id
        union
        select format('row security %s %s', c.relrowsecurity, c.relforcerowsecurity)
        from pg_class as c
        where c.oid = p_relation_id
    ) as x (part)
$$;
comment on function @extschema@._privileges_text(oid) is
'Who may do what with a table, as text to compare.';
