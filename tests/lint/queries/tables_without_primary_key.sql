-- Tables that logical replication could not carry updates of.
select c.oid::regclass::text as object
from pg_class as c
where c.relnamespace = 'maint'::regnamespace
and c.relkind in ('r', 'p')
and not exists (select 1 from pg_index as i where i.indrelid = c.oid and i.indisprimary)
order by 1;
