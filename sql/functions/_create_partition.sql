-- requires: _model_partition, _lock_gently, _make_partition, _attach_partition, _unused_name
-- Makes one partition and attaches it. A name that somebody else has gets a number:
-- what counts is the bounds. Returns the oid of the partition. Called by rotations and
-- conversions, in a short transaction of its own. p_likely: see _model_partition.
create or replace function @extschema@._create_partition(
    p_parent oid,
    p_name name,
    p_from_literal text,
    p_to_literal text,
    p_likely oid default null
)
returns oid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema name;
    v_child oid;
begin
    -- First of all: nobody else makes a partition from here on.
    perform @extschema@._lock_gently(p_parent);
    select n.nspname into strict v_schema
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_parent;
    v_child := @extschema@._make_partition(
        p_parent, @extschema@._model_partition(p_parent, p_likely), v_schema, @extschema@._unused_name(v_schema, p_name, '')
    );
    perform @extschema@._attach_partition(p_parent, v_child, p_from_literal, p_to_literal);
    return v_child;
end
$$;
comment on function @extschema@._create_partition(oid, name, text, text, oid) is
'Makes one partition and attaches it.';
