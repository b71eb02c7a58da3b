-- requires: _partitions_of, _lock_gently, _make_partition, _attach_partition, _unused_name
-- Makes one partition and attaches it. A name that somebody else has gets a number:
-- what counts is the bounds. Returns the oid of the partition. Called by rotations and
-- conversions, in a short transaction of its own.
create or replace function @extschema@._create_partition(
    p_parent oid,
    p_name name,
    p_from_literal text,
    p_to_literal text
)
returns oid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema name;
    v_sibling oid;
    v_child oid;
begin
    -- First of all: nobody else makes a partition from here on.
    perform @extschema@._lock_gently(p_parent);
    select n.nspname into strict v_schema
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_parent;
    select p.relation_id into v_sibling
    from @extschema@._partitions_of(p_parent) as p
    where not p.is_default and not p.detach_pending and p.relation_kind = 'r'
    order by p.upper_at desc nulls last, p.relation_id desc
    limit 1;
    v_child := @extschema@._make_partition(p_parent, v_sibling, v_schema, @extschema@._unused_name(v_schema, p_name, ''));
    perform @extschema@._attach_partition(p_parent, v_child, p_from_literal, p_to_literal);
    return v_child;
end
$$;
comment on function @extschema@._create_partition(oid, name, text, text) is
'Makes one partition and attaches it.';
