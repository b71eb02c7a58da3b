-- requires: _tables
-- Sizes and rows as the catalogs have them, so nothing waits; never_measured
-- counts partitions that were never analyzed.
create or replace view @extschema@.tables as
select
    t.schema_name,
    t.table_name,
    t.partitions,
    t.total_bytes,
    t.table_bytes,
    t.index_bytes,
    t.rows_estimated,
    t.live_rows,
    t.dead_rows,
    t.never_measured,
    t.statistics_lost,
    t.last_vacuum,
    t.last_analyze
from @extschema@._tables() as t;
comment on view @extschema@.tables is
'User tables, largest first, with partitions summed up: sizes and rows as last measured.';
