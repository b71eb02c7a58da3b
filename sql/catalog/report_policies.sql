-- report: how every policy stands, those that need a look first; with a table's
-- last VACUUM, which only the server's statistics know.
select
    r.schema_name,
    r.table_name,
    r.time_column,
    r.keep::text as keep,
    r.grace::text as grace,
    extract(epoch from r.keep + r.grace)::double precision as limit_seconds,
    r.condition,
    r.max_size,
    r.state,
    r.state_detail,
    r.last_good_at,
    r.expired_rows,
    r.expired_bytes,
    r.expired_method,
    r.expired_accuracy,
    extract(epoch from r.over_policy)::double precision as over_policy_seconds,
    r.inflow_per_hour,
    r.drain_per_hour,
    r.catch_up_text,
    r.verdict,
    r.evidence,
    t.total_bytes,
    t.live_rows,
    t.dead_rows,
    t.last_vacuum
from @extschema@.retention as r
left join @extschema@.tables as t on r.schema_name = t.schema_name and r.table_name = t.table_name
where
    %(tables)s::text[] is null
    or r.table_name = any(%(tables)s::text[])
    or format('%%I.%%I', r.schema_name, r.table_name) = any(%(tables)s::text[])
order by
    r.state = 'suspended' desc,
    r.verdict in ('ok', 'catching up', 'waiting') asc nulls last,
    r.expired_rows desc nulls last,
    t.total_bytes desc nulls last,
    r.schema_name asc,
    r.table_name asc;
