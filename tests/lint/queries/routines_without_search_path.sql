-- Routines that resolve names by the caller's search_path.
select p.proname as object
from pg_proc as p
where p.pronamespace = 'maint'::regnamespace
and not exists (
    select 1 from unnest(p.proconfig) as c (setting)
    where c.setting = 'search_path=pg_catalog, pg_temp'
)
order by 1;
