-- cleanup --vacuum: one statement for each table of these passes from which rows
-- went. Each is sent alone, because VACUUM cannot run inside anything.
select
    r.schema_name,
    r.table_name,
    format('vacuum (skip_locked) %%I.%%I', n.nspname, c.relname) as statement
from @extschema@._run as r
inner join pg_class as c on r.relation_id = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where
    r.run_id = any(%(run_ids)s)
    and r.rows > 0
order by
    r.run_id;
