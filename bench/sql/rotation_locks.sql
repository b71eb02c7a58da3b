-- How many locks a session holds now.
select count(*) as held
from pg_locks as l
where l.pid = %(pid)s::integer;
