-- partition list: one row for each partitioned table with a policy.
select
    s.schema_name,
    s.table_name,
    quote_ident(s.schema_name) || '.' || quote_ident(s.table_name) as name,
    s.partition_interval::text as partition_interval,
    s.premake,
    s.managed_by,
    s.partitions,
    case when isfinite(s.covered_until) then s.covered_until end as covered_until,
    s.runway::text as runway,
    extract(epoch from s.runway)::bigint as runway_seconds,
    extract(epoch from s.partition_interval * s.premake)::bigint as wanted_seconds,
    s.missing,
    s.gaps,
    s.first_gap,
    s.expired,
    s.default_name,
    s.default_rows,
    s.half_detached,
    s.detached,
    s.removal_rule,
    s.removal_reason
from @extschema@.partition_sets as s
where
    %(p_table)s::text is null
    or quote_ident(s.schema_name) || '.' || quote_ident(s.table_name)
    = @extschema@._qualified_name(%(p_table)s::text::regclass::oid)
order by
    s.schema_name asc,
    s.table_name asc;
