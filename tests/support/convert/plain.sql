-- What only the plain table has, and an undo must bring back.
select format('plain %s %s options %s toast %s', c.oid, c.relkind, c.reloptions, (select t.reloptions from pg_class as t where t.oid = c.reltoastrelid))
from pg_class as c where c.oid = %(t)s::regclass
union all
select format('names %s', c.relname) from pg_class as c where c.relnamespace = (select relnamespace from pg_class where oid = %(t)s::regclass)
order by 1
