-- The pass that a client is at work on now, for the progress bar.
select
    p.run_id,
    p.schema_name,
    p.table_name,
    p.started_at,
    p.rows,
    p.rows_expected,
    p.batches,
    p.pid
from @extschema@.progress as p
inner join @extschema@.runs as r on p.run_id = r.run_id
where r.application_name = %(application)s;
