-- plan: what a pass would do now.
select
    p.schema_name,
    p.table_name,
    p.time_column,
    p.keep::text as keep,
    p.cutoff,
    p.state,
    p.expired_rows,
    p.exact,
    p.table_rows,
    p.batches,
    p.oldest,
    p.statement,
    p.findings,
    p.note
from @extschema@.plan(
    p_table => %(p_table)s::regclass,
    p_keep => %(keep)s::interval,
    p_batch_rows => %(batch_rows)s::integer,
    p_exact => %(exact)s::boolean
) as p;
