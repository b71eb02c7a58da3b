-- Sessions that wait for a lock of this transaction, asked right before COMMIT.
create or replace function @extschema@._blocked_count()
returns integer
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select count(*)::integer
    from pg_locks as l
    where not l.granted and l.pid <> pg_backend_pid() and pg_backend_pid() = any(pg_blocking_pids(l.pid))
$$;
comment on function @extschema@._blocked_count() is
'Sessions that wait for a lock of this transaction.';
