-- May this role VACUUM this table? Owners of it, of the database, and whoever has
-- MAINTAIN, which came with PostgreSQL 17.
create or replace function @extschema@._may_vacuum(p_role name, p_relation_id oid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('server_version_num')::integer >= 170000 and has_table_privilege(p_role, p_relation_id, 'MAINTAIN') then
        return true;
    end if;
    return pg_has_role(p_role, (select c.relowner from pg_class as c where c.oid = p_relation_id), 'USAGE')
        or pg_has_role(p_role, (select d.datdba from pg_database as d where d.datname = current_database()), 'USAGE');
end
$$;
comment on function @extschema@._may_vacuum(name, oid) is
'May this role VACUUM this table?';
