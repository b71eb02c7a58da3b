-- Objects of the schema that its owner does not own.
select c.oid::regclass::text as object
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'maint' and c.relowner <> n.nspowner
union all
select p.oid::regprocedure::text
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname = 'maint' and p.proowner <> n.nspowner
order by 1;
