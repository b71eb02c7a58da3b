-- Routines that run with their owner's rights.
select p.proname as object
from pg_proc as p
where p.pronamespace = 'maint'::regnamespace and p.prosecdef
order by 1;
