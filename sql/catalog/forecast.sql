-- forecast: growth of every managed table and of all together, and when a limit is reached.
select
    f.scope,
    f.schema_name,
    f.table_name,
    f.bytes,
    f.growth_per_day,
    f.growth_low,
    f.growth_high,
    f.limit_bytes,
    nullif(f.limit_at, 'infinity') as limit_at,
    nullif(f.limit_earliest, 'infinity') as limit_earliest,
    nullif(f.limit_latest, 'infinity') as limit_latest,
    f.limit_at = 'infinity' as limit_never,
    f.days,
    f.sampled_at
from @extschema@.forecast as f
order by
    f.scope = 'all' asc,
    f.limit_at asc nulls last,
    f.schema_name asc,
    f.table_name asc;
