-- requires: _leaves
-- Locks the next leaf of a scan, and its root, against being renamed, detached
-- or dropped under the batch, then makes sure that the name that was locked
-- still is the table that was meant. Null columns: no leaf is left.
create or replace function @extschema@._next_leaf(
    p_relation_id oid,
    p_from_oid oid,
    out leaf_oid oid,
    out leaf_name text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_root text := @extschema@._qualified_name(p_relation_id);
begin
    if v_root is null then
        raise exception 'it does not exist any more' using errcode = 'undefined_table';
    end if;
    execute format('lock table only %s in row exclusive mode', v_root);
    select l.relation_id, format('%I.%I', l.schema_name, l.table_name) into leaf_oid, leaf_name
    from @extschema@._leaves(p_relation_id) as l
    where l.relation_id >= p_from_oid
    order by l.relation_id
    limit 1;
    if not found then
        return;
    end if;
    if leaf_oid <> p_relation_id then
        execute format('lock table only %s in row exclusive mode', leaf_name);
    end if;
    if
        v_root is distinct from @extschema@._qualified_name(p_relation_id)
        or not exists (
            select from @extschema@._leaves(p_relation_id) as l
            where l.relation_id = leaf_oid and format('%I.%I', l.schema_name, l.table_name) = leaf_name
        )
    then
        raise exception '% changed its name or its place while it was locked', leaf_name using errcode = 'lock_not_available';
    end if;
exception
    when undefined_table or invalid_schema_name or wrong_object_type then
        -- Gone, or renamed, while we waited for it: the next attempt sees what became of it.
        raise exception '% changed while it was being locked: %', coalesce(leaf_name, v_root), sqlerrm using errcode = 'lock_not_available';
end
$$;
comment on function @extschema@._next_leaf(oid, oid) is
'Locks the next leaf of a scan in row exclusive mode and returns it.';
