-- health: the tables that have a policy, and how to look at their rows: the oldest
-- and the newest one up to tomorrow, and how many are later, 1001 at most. Null
-- where finding them would read the whole table: no index leads with the time.
-- Where many dead rows lie at the old end, it begins where the last pass left off.
with managed as (
    select
        r.schema_name,
        r.table_name,
        r.time_column,
        c.oid as relation_id,
        c.relpages,
        c.relkind,
        p.late_text,
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
        concat(
            case
                when r.time_type not in ('integer', 'bigint') then format(' and t.%%I > ''-infinity''', r.time_column)
            end,
            case
                when d.dead_rows >= 100000 and p.watermark is not null
                    then format(' and t.%%I >= %%L::%%s', r.time_column, p.watermark, r.time_type)
            end
        ) as further
    from @extschema@.retention as r
    left join pg_namespace as n on r.schema_name = n.nspname
    left join pg_class as c on r.table_name = c.relname and n.oid = c.relnamespace
    left join @extschema@._health_policies() as p on r.schema_name = p.schema_name and r.table_name = p.table_name
    left join @extschema@._tables() as d on c.oid = d.relation_id
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
                    'select (select %%1$s from %%2$I.%%3$I as t where t.%%4$I <= %%5$s%%6$s '
                    || 'order by t.%%4$I limit 1) as oldest, '
                    || '(select %%1$s from %%2$I.%%3$I as t where t.%%4$I <= %%5$s%%6$s '
                    || 'order by t.%%4$I desc limit 1) as newest, '
                    || '(select count(*) from (select from %%2$I.%%3$I as t '
                    || 'where t.%%4$I > %%5$s limit 1001) as x) as late',
                    m.moment, m.schema_name, m.table_name, m.time_column, m.late_text, m.further
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
