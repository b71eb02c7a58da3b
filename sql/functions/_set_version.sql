-- What changes whenever a partition of a table is attached, detached or half detached, and
-- otherwise stays: two readings that are equal say that a list made at the first holds at
-- the second. Who attaches or detaches writes a row of pg_inherits, under a new transaction id.
create or replace function @extschema@._set_version(p_parent oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(' ', p_parent, count(*), sum(hash_record_extended(row(i.inhrelid, i.xmin), 0)::numeric))
    from pg_inherits as i
    where i.inhparent = p_parent
$$;
comment on function @extschema@._set_version(oid) is
'What changes whenever a partition of a table is attached or detached.';
