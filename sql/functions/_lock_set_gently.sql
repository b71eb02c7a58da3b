-- requires: _lock_gently, _lock_referenced_gently
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
begin
    perform @extschema@._lock_gently(p_parent);
    select nullif(p.partdefid, 0) into v_default from pg_partitioned_table as p where p.partrelid = p_parent;
    if v_default is not null then
        perform @extschema@._lock_gently(v_default);
    end if;
    if p_child is not null then
        perform @extschema@._lock_gently(p_child);
    end if;
    perform @extschema@._lock_referenced_gently(p_parent);
end
$$;
comment on function @extschema@._lock_set_gently(oid, oid) is
'Locks what a change of partitions needs against maintenance, and against nobody else.';
