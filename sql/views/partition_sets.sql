-- requires: _partition_sets
-- One row for each partitioned table with a policy: how far ahead its partitions
-- reach, what is missing, what is expired, and why expired ones stay.
create or replace view @extschema@.partition_sets as
select
    s.schema_name,
    s.table_name,
    s.partition_interval,
    s.premake,
    s.managed_by,
    s.partitions,
    s.covered_until,
    case
        when s.covered_until = 'infinity' then null
        else coalesce(s.covered_until - now(), interval '0 s')
    end as runway,
    s.missing,
    s.gaps,
    s.first_gap,
    s.expired,
    s.default_name,
    s.default_rows,
    s.half_detached,
    s.detached,
    s.rule as removal_rule,
    s.reason as removal_reason
from @extschema@._partition_sets() as s;
comment on view @extschema@.partition_sets is
'One row for each partitioned table with a policy: runway, gaps, expired partitions, rows in the default.';
