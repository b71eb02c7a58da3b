-- The pass that a backend is at work on now, for the progress bar.
select
    p.run_id,
    p.schema_name,
    p.table_name,
    p.started_at,
    p.rows,
    p.rows_expected,
    p.batches
from @extschema@.progress as p
where p.pid = %(pid)s::integer;
