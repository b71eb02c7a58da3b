-- Waits until no maintenance of pg_partman runs and keeps it from beginning until the
-- caller's transaction ends: its own keys, one for each way to call it. It does
-- nothing meanwhile, and says so. Called by adopt, hand_back and what drives it.
create or replace function @extschema@._partman_exclude()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(hashtext('pg_partman run_maintenance_proc'));
    perform pg_advisory_xact_lock(hashtext('pg_partman run_maintenance'));
exception
    when lock_not_available then
        raise exception 'the maintenance of pg_partman is at work and did not end in time'
            using errcode = 'lock_not_available', hint = 'Try again when it is done.';
end
$$;
comment on function @extschema@._partman_exclude() is
'Excludes the maintenance of pg_partman until the end of the transaction.';
