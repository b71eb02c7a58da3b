-- report: the last sample of each step of the period, so that a chart has as many
-- points for a year as for a day.
select distinct on (s.schema_name, s.table_name, date_bin(%(step)s::interval, s.at, %(begins_at)s::timestamptz))
    s.schema_name,
    s.table_name,
    s.at,
    s.total_bytes,
    s.rows,
    s.dead_rows,
    s.oldest_at,
    s.expired_rows
from @extschema@.samples as s
where
    s.at >= %(begins_at)s::timestamptz
    and (
        %(tables)s::text[] is null
        or s.table_name = any(%(tables)s::text[])
        or format('%%I.%%I', s.schema_name, s.table_name) = any(%(tables)s::text[])
    )
order by
    s.schema_name asc,
    s.table_name asc,
    date_bin(%(step)s::interval, s.at, %(begins_at)s::timestamptz) asc,
    s.at desc;
