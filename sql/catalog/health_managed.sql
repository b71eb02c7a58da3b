-- health: the tables that have a policy, and how to look at their rows. Oldest is
-- null where finding it would read the whole table: no index leads with the time.
with managed as (
    select
        r.schema_name,
        r.table_name,
        r.time_column,
        r.time_type,
        c.oid as relation_id,
        c.relpages,
        c.relkind,
        case
            when r.condition is null then clock_timestamp() - r.keep - r.grace - interval '1 hour'
        end as late_before,
        case r.time_type
            when 'timestamptz' then format('t.%%I', r.time_column)
            when 'timestamp' then format('t.%%I at time zone %%L', r.time_column, r.time_zone)
            when 'date' then format('t.%%I::timestamp at time zone %%L', r.time_column, r.time_zone)
            else
                format(
                    'to_timestamp(t.%%I / %%s)', r.time_column,
                    case r.epoch_unit when 's' then '1.0' when 'ms' then '1e3' when 'us' then '1e6' else '1e9' end
                )
        end as moment,
        r.time_type not in ('integer', 'bigint') as may_be_infinite
    from @extschema@.retention as r
    left join pg_namespace as n on r.schema_name = n.nspname
    left join pg_class as c on r.table_name = c.relname and n.oid = c.relnamespace
)

select
    m.schema_name,
    m.table_name,
    m.relation_id,
    m.late_before,
    case
        when
            m.relkind = 'p' or m.relpages < 1000 or exists (
                select from pg_index as i
                inner join pg_attribute as a on i.indrelid = a.attrelid and i.indkey[0] = a.attnum
                where i.indrelid = m.relation_id and i.indisvalid and i.indpred is null and a.attname = m.time_column
            )
            then
                format(
                    'select (select %%s from %%I.%%I as t where t.%%I is not null%%s order by t.%%I limit 1) as oldest',
                    m.moment, m.schema_name, m.table_name, m.time_column,
                    case when m.may_be_infinite then format(' and t.%%I > ''-infinity''', m.time_column) else '' end,
                    m.time_column
                )
    end as oldest,
    format('select count(*) as rows from %%I.%%I', m.schema_name, m.table_name) as counted,
    format(
        'select coalesce((select sum(pg_total_relation_size(t.relid)) from pg_partition_tree(%%s) as t '
        || 'where t.isleaf), pg_total_relation_size(%%s))::bigint as bytes',
        m.relation_id, m.relation_id
    ) as sized
from managed as m
order by case m.table_name when 'events_seen' then 1 when 'agg_1m' then 2 else 3 end, m.schema_name, m.table_name;
