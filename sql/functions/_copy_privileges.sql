-- requires: _copy_grants, _policy_text
-- Gives a new partition what another table has: owner, privileges, also those of
-- columns, and row security with its policies. Called by _make_partition.
create or replace function @extschema@._copy_privileges(p_from oid, p_to oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_to text := @extschema@._qualified_name(p_to);
    v_from pg_class;
    v_item record;
begin
    select c.* into strict v_from from pg_class as c where c.oid = p_from;
    if v_from.relowner <> (select c.relowner from pg_class as c where c.oid = p_to) then
        execute format('alter table %s owner to %s', v_to, v_from.relowner::regrole);
    end if;
    perform @extschema@._copy_grants(p_from, p_to);
    for v_item in
        select
            p.polname, p.polpermissive,
            case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
            (
                select string_agg(case r.oid when 0 then 'public' else quote_ident(pg_get_userbyid(r.oid)) end, ', ')
                from unnest(p.polroles) as r (oid)
            ) as roles,
            @extschema@._policy_text(pg_get_expr(p.polqual, p.polrelid), p_from, p_to) as reading,
            @extschema@._policy_text(pg_get_expr(p.polwithcheck, p.polrelid), p_from, p_to) as writing
        from pg_policy as p
        where p.polrelid = p_from
    loop
        execute format(
            'create policy %I on %s as %s for %s to %s%s%s', v_item.polname, v_to,
            case when v_item.polpermissive then 'permissive' else 'restrictive' end, v_item.command, v_item.roles,
            coalesce(' using (' || v_item.reading || ')', ''), coalesce(' with check (' || v_item.writing || ')', '')
        );
    end loop;
    if v_from.relrowsecurity then
        execute format('alter table %s enable row level security', v_to);
    end if;
    if v_from.relforcerowsecurity then
        execute format('alter table %s force row level security', v_to);
    end if;
end
$$;
comment on function @extschema@._copy_privileges(oid, oid) is
'Gives a new partition the owner, privileges and row security of another table.';
