-- For a disk that fills: of every table that has a policy, where its bytes are and
-- what would give some back, largest first. Sizes are read from the files.
with managed as (
    select
        p.policy_id,
        p.schema_name,
        p.table_name,
        p.keep,
        r.oid as relation_id,
        r.relkind = 'p' as partitioned,
        c.oid as leaf_id,
        c.reltuples,
        pg_get_expr(c.relpartbound, c.oid) as bound,
        pg_total_relation_size(c.oid) as bytes
    from @extschema@._policy as p
    inner join pg_class as r on p.relation_id = r.oid
    cross join lateral @extschema@._leaves(r.oid) as l
    inner join pg_class as c on l.relation_id = c.oid
    where
        @extschema@._qualified_name(r.oid) = format('%%I.%%I', p.schema_name, p.table_name)
        and (
            cardinality(%(names)s::text[]) = 0
            or r.oid in (select n.name::regclass::oid from unnest(%(names)s::text[]) as n (name))
        )
)

select
    m.schema_name,
    m.table_name,
    format('%%I.%%I', m.schema_name, m.table_name) as name,
    m.keep::text as keep,
    m.partitioned,
    sum(m.bytes)::bigint as total_bytes,
    sum(greatest(m.reltuples, 0))::bigint as table_rows,
    sum(pg_stat_get_dead_tuples(m.leaf_id))::bigint as dead_rows,
    jsonb_agg(
        jsonb_build_object(
            'statement',
            format('drop table %%s;  -- %%s: only if all of it is expired', m.leaf_id::regclass, m.bound),
            'bytes', m.bytes
        )
        order by m.bound
    ) as partitions,
    (
        select
            jsonb_agg(
                jsonb_build_object(
                    'statement', format('reindex index concurrently %%s;', i.indexrelid::regclass),
                    'bytes', pg_relation_size(i.indexrelid)
                )
                order by pg_relation_size(i.indexrelid) desc
            )
        from pg_index as i
        where i.indrelid = m.relation_id and i.indisvalid
    ) as indexes,
    format('vacuum (full) %%I.%%I;', m.schema_name, m.table_name) as rewrite
from managed as m
group by m.policy_id, m.schema_name, m.table_name, m.keep, m.relation_id, m.partitioned
order by total_bytes desc, m.policy_id asc;
