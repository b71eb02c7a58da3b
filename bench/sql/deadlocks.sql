-- How many deadlocks there were in this database.
select d.deadlocks
from pg_stat_database as d
where d.datname = current_database();
