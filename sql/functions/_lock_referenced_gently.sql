-- requires: _lock_gently
-- Locks what the foreign keys of a table lead to against maintenance and other DDL: a
-- foreign key that comes or goes needs a lock there, and an autovacuum would keep it.
create or replace function @extschema@._lock_referenced_gently(p_relation_id oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_referenced oid;
begin
    for v_referenced in
        select distinct k.confrelid from pg_constraint as k
        where k.conrelid = p_relation_id and k.contype = 'f' and k.confrelid <> p_relation_id
        order by 1
    loop
        -- Who may not lock it finds out from the statement that needs it.
        if has_table_privilege(v_referenced, 'UPDATE, DELETE') then
            perform @extschema@._lock_gently(v_referenced);
        end if;
    end loop;
end
$$;
comment on function @extschema@._lock_referenced_gently(oid) is
'Locks what the foreign keys of a table lead to against maintenance, and against nobody else.';
