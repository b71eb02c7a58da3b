-- partition list TABLE: its partitions, oldest first, the default last. An infinite
-- bound is no time that a client could hold; lower_bound and upper_bound say it.
select
    p.schema_name,
    p.table_name,
    p.partition_schema,
    p.partition_name,
    p.is_default,
    p.lower_bound,
    p.upper_bound,
    case when isfinite(p.lower_at) then p.lower_at end as lower_at,
    case when isfinite(p.upper_at) then p.upper_at end as upper_at,
    p.state,
    p.row_estimate,
    p.bytes::bigint as bytes,
    p.detail
from @extschema@.partitions as p
where
    quote_ident(p.schema_name) || '.' || quote_ident(p.table_name)
    = @extschema@._qualified_name(%(p_table)s::text::regclass::oid)
order by
    p.is_default asc,
    p.lower_at asc;
