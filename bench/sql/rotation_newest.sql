-- The names of the newest and of the oldest partition.
select
    (array_agg(c.relname order by c.relname desc))[1]::text as newest,
    (array_agg(c.relname order by c.relname))[1]::text as oldest,
    count(*) as number
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
where i.inhparent = %(relation)s::text::regclass;
