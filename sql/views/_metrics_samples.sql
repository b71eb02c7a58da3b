-- Behind the view metrics: the last sample of each managed table that could be
-- measured. Rows and dead rows are what the statistics say.
create or replace view @extschema@._metrics_samples as
select
    m.name,
    jsonb_build_object('schema', p.schema_name, 'table', p.table_name) as labels,
    m.value
from @extschema@._policy as p
cross join
    lateral (
        select o.*
        from @extschema@._sample as o
        where
            o.policy_id = p.policy_id
            and o.relation_id = p.relation_id
            and o.heap_bytes is not null
        order by o.at desc
        limit 1
    ) as s
cross join
    lateral (
        values
        ('telemetry_db_last_sample_timestamp_seconds', extract(epoch from s.at)::double precision),
        ('telemetry_db_table_size_bytes', (s.heap_bytes + s.index_bytes + s.toast_bytes)::double precision),
        ('telemetry_db_table_rows', s.rows::double precision),
        ('telemetry_db_table_dead_rows', s.dead_rows::double precision),
        (
            'telemetry_db_table_dead_rows_ratio',
            coalesce(s.dead_rows / nullif((s.dead_rows + s.rows)::double precision, 0), s.dead_rows)
        ),
        (
            'telemetry_db_oldest_record_age_seconds',
            extract(epoch from clock_timestamp() - s.oldest_at)::double precision
        ),
        ('telemetry_db_oldest_record_timestamp_seconds', extract(epoch from s.oldest_at)::double precision)
    ) as m (name, value)
where m.value is not null;
comment on view @extschema@._metrics_samples is
'Metrics of the last sample of each managed table.';
