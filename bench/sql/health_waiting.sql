-- How many sessions wait for a lock.
select count(*) from pg_locks as l
where not l.granted;
