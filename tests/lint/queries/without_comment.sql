-- Relations and routines that say nothing about themselves in \d+ and \df+.
select c.oid::regclass::text as object
from pg_class as c
where c.relnamespace = 'maint'::regnamespace
and c.relkind in ('r', 'p', 'v', 'm')
and obj_description(c.oid, 'pg_class') is null
union all
select p.oid::regprocedure::text
from pg_proc as p
where p.pronamespace = 'maint'::regnamespace
and obj_description(p.oid, 'pg_proc') is null
union all
select n.nspname
from pg_namespace as n
where n.nspname = 'maint' and obj_description(n.oid, 'pg_namespace') is null
order by 1;
