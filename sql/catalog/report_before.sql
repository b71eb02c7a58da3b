-- report: what the passes of the period before came to, by table.
select
    r.schema_name,
    r.table_name,
    count(*) as passes,
    sum(r.rows)::bigint as rows,
    extract(epoch from sum(r.duration))::double precision as seconds,
    count(*) filter (where r.stop_reason in ('failed', 'locked', 'suspended', 'interrupted')) as failures
from @extschema@.runs as r
where
    r.started_at >= %(before_at)s::timestamptz
    and r.started_at < %(begins_at)s::timestamptz
group by r.schema_name, r.table_name;
