-- Locks of this transaction.
select count(*) as locks from pg_locks as l
where l.pid = pg_backend_pid();
