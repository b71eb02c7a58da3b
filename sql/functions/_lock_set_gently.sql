-- requires: _lock_gently
-- Before partitions of a table are changed: locks it, its default, one partition (may be
-- null) and what its foreign keys lead to against maintenance and other DDL, in this
-- order, so that what follows finds no autovacuum in its way. Nobody waits for these.
create or replace function @extschema@._lock_set_gently(p_parent oid, p_child oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_default oid;
    v_referenced oid;
begin
    perform @extschema@._lock_gently(p_parent);
    select nullif(p.partdefid, 0) into v_default from pg_partitioned_table as p where p.partrelid = p_parent;
    if v_default is not null then
        perform @extschema@._lock_gently(v_default);
    end if;
    if p_child is not null then
        perform @extschema@._lock_gently(p_child);
    end if;
    for v_referenced in
        select distinct k.confrelid from pg_constraint as k
        where k.conrelid = p_parent and k.contype = 'f' and k.confrelid <> p_parent
        order by 1
    loop
        -- Who may not lock it finds out from the statement that needs it.
        if has_table_privilege(v_referenced, 'UPDATE, DELETE') then
            perform @extschema@._lock_gently(v_referenced);
        end if;
    end loop;
end
$$;
comment on function @extschema@._lock_set_gently(oid, oid) is
'Locks what a change of partitions needs against maintenance, and against nobody else.';
