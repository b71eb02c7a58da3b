-- forecast --keep: what another keep would change in one table.
select
    f.schema_name,
    f.table_name,
    f.keep::text as keep,
    f.new_keep::text as new_keep,
    f.saved_rows,
    f.saved_bytes,
    f.accuracy,
    f.note
from @extschema@.forecast_keep(p_table => %(p_table)s::text::regclass, p_keep => %(keep)s::interval) as f;
