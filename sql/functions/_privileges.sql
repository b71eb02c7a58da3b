-- An access control list as text that is the same on every server: what others
-- than the owner have, and what the owner lacks. No list means the defaults.
create or replace function @extschema@._privileges(p_acl aclitem[], p_kind text, p_owner oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with granted as (
        select g.grantee, g.privilege_type, g.is_grantable
        from aclexplode(coalesce(p_acl, acldefault(p_kind::"char", p_owner))) as g -- noqa: RF06
    )

    select coalesce(string_agg(t.line, ', ' order by t.line collate "C"), '')
    from (
        select format(
            '%s: %s%s', case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end,
            lower(g.privilege_type), case when g.is_grantable then ' with grant option' else '' end
        ) as line
        from granted as g
        where g.grantee <> p_owner
        union all
        select format('owner lacks %s', lower(d.privilege_type))
        from aclexplode(acldefault(p_kind::"char", p_owner)) as d -- noqa: RF06
        where
            d.grantee = p_owner
            and not exists (select from granted as g where g.grantee = p_owner and g.privilege_type = d.privilege_type)
    ) as t
$$;
comment on function @extschema@._privileges(aclitem[], text, oid) is
'An access control list as text that is the same on every server.';
