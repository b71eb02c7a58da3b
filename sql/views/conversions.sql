-- Every conversion of a plain table into a partitioned one, and where it stands.
create or replace view @extschema@.conversions as
select
    c.conversion_id,
    c.schema_name,
    c.table_name,
    c.step,
    c.partition_interval,
    c.boundary,
    c.old_name,
    c.started_at,
    c.swapped_at,
    c.finished_at,
    c.tries,
    c.moved_rows,
    c.last_error,
    c.last_error_at,
    c.started_by
from @extschema@._conversion as c;
comment on view @extschema@.conversions is
'Conversions of plain tables into partitioned ones, and where each of them stands.';
