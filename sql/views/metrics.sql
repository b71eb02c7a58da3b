-- requires: _metrics_policies, _metrics_ledger, _metrics_retention, _metrics_samples, _metrics_partitions
-- requires: _metrics_server, _metrics_jobs, _metrics_forecast, _metrics_health
-- Everything there is to scrape, one row for each series. A condition on source
-- reads that part alone: forecast, health and partitions are dear, the others cheap. Locks
-- no managed table, and never has a series for a partition.
create or replace view @extschema@.metrics as
select
    'policies'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_policies as m
union all
select
    'ledger'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_ledger as m
union all
select
    'retention'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_retention as m
union all
select
    'samples'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_samples as m
union all
select
    'server'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_server as m
union all
select
    'jobs'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_jobs as m
union all
select
    'partitions'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_partitions as m
union all
select
    'forecast'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_forecast as m
union all
select
    'health'::text as source,
    m.name,
    m.labels,
    m.value
from @extschema@._metrics_health as m;
comment on view @extschema@.metrics is
'Every metric that can be scraped: source, name, labels and value of each series.';
