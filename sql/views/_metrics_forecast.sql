-- requires: forecast
-- Behind the view metrics: growth, known after two weeks of samples.
create or replace view @extschema@._metrics_forecast as
select
    'telemetry_db_table_growth_bytes_per_day'::text as name,
    jsonb_build_object('schema', f.schema_name, 'table', f.table_name) as labels,
    f.growth_per_day::double precision as value
from @extschema@.forecast as f
where
    f.scope = 'table'
    and f.growth_per_day is not null;
comment on view @extschema@._metrics_forecast is
'Metrics of growth.';
