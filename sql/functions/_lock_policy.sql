-- Excludes passes from a table until the caller's transaction ends: once this
-- has returned no batch is under way, and the next one sees what we change.
-- Waits for at most one batch; callers set lock_timeout.
create or replace function @extschema@._lock_policy(p_relation_id oid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(@extschema@._table_key(p_relation_id));
exception
    when lock_not_available then
        raise exception 'a batch on % did not end in time', coalesce(@extschema@._qualified_name(p_relation_id), p_relation_id::text)
            using errcode = 'lock_not_available',
            hint = 'Look at the view progress, then try again.';
end
$$;
comment on function @extschema@._lock_policy(oid) is
'Excludes passes from a table until the end of the transaction.';
