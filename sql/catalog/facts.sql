-- doctor --bundle: settings of the server that matter to passes. No setting that
-- may hold a secret, a command or a path is among them.
select
    s.name,
    s.setting,
    s.unit,
    s.source
from pg_catalog.pg_settings as s
where
    s.name in (
        'autovacuum', 'autovacuum_max_workers', 'autovacuum_naptime', 'autovacuum_vacuum_cost_delay',
        'autovacuum_vacuum_cost_limit', 'autovacuum_vacuum_scale_factor', 'checkpoint_timeout', 'cron.database_name',
        'cron.timezone', 'cron.use_background_workers', 'deadlock_timeout', 'default_transaction_isolation',
        'default_transaction_read_only', 'fsync', 'hot_standby_feedback', 'idle_in_transaction_session_timeout',
        'lock_timeout', 'maintenance_work_mem', 'max_connections', 'max_wal_size', 'max_worker_processes',
        'server_encoding', 'server_version', 'shared_buffers', 'shared_preload_libraries', 'statement_timeout',
        'synchronous_commit', 'timezone', 'track_activities', 'transaction_timeout', 'vacuum_cost_limit', 'wal_level',
        'work_mem'
    )
order by s.name;
