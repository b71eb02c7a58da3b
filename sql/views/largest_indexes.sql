-- requires: _largest_indexes
-- Sizes as the catalogs have them, so nothing waits.
create or replace view @extschema@.largest_indexes as
select
    t.schema_name,
    t.table_name,
    t.index_name,
    t.bytes,
    t.partitions,
    t.scans,
    t.is_unique,
    t.is_valid
from @extschema@._largest_indexes() as t;
comment on view @extschema@.largest_indexes is
'Indexes, largest first, with those of partitions summed up.';
