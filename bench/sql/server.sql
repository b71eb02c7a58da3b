-- What measurements depend on.
select
    s.name,
    current_setting(s.name) as setting
from pg_settings as s
where
    s.name in (
        'autovacuum', 'block_size', 'checkpoint_timeout', 'data_checksums', 'fsync', 'full_page_writes', 'jit',
        'max_wal_size', 'server_version', 'shared_buffers', 'synchronous_commit', 'wal_buffers', 'wal_compression',
        'wal_level'
    )
order by s.name;
