-- The checks of health, in the order in which they are told: the documented ones
-- first. Each is a function _health_<check>; "fine" is what is said when it finds
-- nothing.
create or replace function @extschema@._health_list()
returns table (step integer, check_id text, fine text)
language sql
immutable
set search_path = pg_catalog, pg_temp
rows 31
as $$
    select v.step::integer, v.check_id, v.fine
    from unnest(
        array[
            'server', 'connections', 'table_sizes', 'row_counts', 'retention', 'long_queries', 'blocked_queries', 'dead_tuples',
            'jobs', 'passes', 'installation', 'unexpirable', 'time_index', 'idle_transactions', 'horizon', 'autovacuum', 'statistics',
            'invalid_indexes', 'duplicate_indexes', 'unused_indexes', 'bloat', 'wraparound', 'sequences', 'slots', 'replicas', 'archiver',
            'checksums', 'prepared', 'conversions', 'runway', 'partition_gaps', 'default_rows', 'half_detached'
        ],
        array[
            'the server answers', 'enough connections are left', 'no table is over its size budget', 'all tables were counted',
            'every policy is kept', 'no long-running queries', 'no blocked queries', 'no excessive dead tuples', 'all jobs come on time',
            'the last pass of every policy was good', 'our version is known', 'every row has a time by which it can expire',
            'every time column has an index', 'no transaction waits long for its client', 'dead rows can be removed',
            'autovacuum comes where it is due', 'statistics are there', 'all indexes are valid', 'no duplicate indexes',
            'no large index is unused', 'no table is mostly empty', 'transaction IDs are far from wraparound',
            'no sequence is near its end', 'no replication slot holds much WAL', 'no replica is far behind',
            'archiving works, or is off', 'no checksum failed', 'no prepared transaction was forgotten',
            'no conversion was left half-way', 'partitions reach as far ahead as policies say', 'no gap between partitions',
            'no rows are in a default partition', 'no partition is half detached'
        ]
    ) with ordinality as v (check_id, fine, step)
$$;
comment on function @extschema@._health_list() is
'The checks of health, in the order in which they are told.';
