-- What changes whenever a partition of a policy's table is attached, detached or half
-- detached, and otherwise stays: two readings that are equal say that a list made at the
-- first holds at the second. Who attaches or detaches writes a row of pg_inherits, under a
-- new transaction id. "marks" is a sum, so that _set_after can tell what one partition adds.
create or replace function @extschema@._set_version(p_policy @extschema@._policy)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'of', concat_ws(' ', (p_policy).relation_id, (p_policy).time_type, (p_policy).epoch_unit), 'partitions', count(*),
        'marks', coalesce(sum(hash_record_extended(row(i.inhrelid, i.xmin), 0)::numeric), 0)
    )
    from pg_inherits as i
    where i.inhparent = (p_policy).relation_id
$$;
comment on function @extschema@._set_version(@extschema@._policy) is
'What changes whenever a partition of a policy''s table is attached or detached.';
