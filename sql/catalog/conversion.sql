-- The newest conversion of a table, under its present or its former name.
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
    c.moved_rows
from @extschema@._conversion as c
where %(p_table)s::regclass in (c.relation_id, c.parent_id)
order by c.conversion_id desc
limit 1;
