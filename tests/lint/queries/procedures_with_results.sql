-- A procedure that commits may be dropped by an upgrade before it returns; then
-- the server does not know any more what it was to return.
select p.oid::regprocedure::text as object
from pg_proc as p
where p.pronamespace = 'maint'::regnamespace
and p.prokind = 'p'
and p.proargmodes && '{o,b,t}'::"char" []
order by 1;
