-- requires: _partition_rows
-- Every partition of every table that has a policy: bounds, state, rows and bytes as
-- the statistics have them. Locks none of them.
create or replace view @extschema@.partitions as
select
    p.schema_name,
    p.table_name,
    p.partition_schema,
    p.partition_name,
    p.is_default,
    p.lower_bound,
    p.upper_bound,
    p.lower_at,
    p.upper_at,
    p.state,
    p.row_estimate,
    p.bytes,
    case when isfinite(p.upper_at) then now() - p.upper_at end as age,
    p.detail
from @extschema@._partition_rows() as p;
comment on view @extschema@.partitions is
'Every partition of the tables with a policy: bounds, state, rows and bytes as the statistics have them.';
