-- health where we are not installed: the two documented tables, and how to look at
-- their rows.
select
    n.nspname as schema_name,
    c.relname as table_name,
    c.oid as relation_id,
    null::timestamptz as late_before,
    format(
        'select (select t.%%I::timestamptz from %%I.%%I as t where t.%%I > ''-infinity'' '
        || 'order by t.%%I limit 1) as oldest',
        a.attname, n.nspname, c.relname, a.attname, a.attname
    ) as oldest,
    format('select count(*) as rows from %%I.%%I', n.nspname, c.relname) as counted,
    format(
        'select coalesce((select sum(pg_total_relation_size(t.relid)) from pg_partition_tree(%%s) as t '
        || 'where t.isleaf), pg_total_relation_size(%%s))::bigint as bytes',
        c.oid, c.oid
    ) as sized
from (values (1, 'events_seen', 'created_at'), (2, 'agg_1m', 'window_start_ts')) as v (step, table_name, time_column)
inner join pg_class as c on v.table_name = c.relname and c.relkind in ('r', 'p')
inner join pg_namespace as n on c.relnamespace = n.oid and n.nspname = 'public'
inner join pg_attribute as a on c.oid = a.attrelid and v.time_column = a.attname
where a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)
order by v.step;
