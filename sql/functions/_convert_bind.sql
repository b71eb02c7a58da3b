-- Binds policy, holds and jobs to the table that took the name, in the transaction of the
-- swap. Raises the epoch, so that a pass under way stops at its next batch.
create or replace function @extschema@._convert_bind(
    p_conversion @extschema@._conversion,
    p_from oid,
    p_to oid,
    p_interval interval
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._policy as p
    set
        relation_id = p_to, partition_interval = p_interval,
        premake = case when p_interval is null then p.premake else (p_conversion).premake end,
        epoch = p.epoch + 1, changed_at = now(), changed_by = session_user
    where p.relation_id = p_from;
    update @extschema@._hold as h set relation_id = p_to where h.relation_id = p_from;
    update @extschema@._job as j set relation_id = p_to where j.relation_id = p_from;
$$;
comment on function @extschema@._convert_bind(@extschema@._conversion, oid, oid, interval) is
'Binds policy, holds and jobs to the table that took the name.';
