-- Ours to rotate.
select maint.set_policy(
    %(relation)s::text::regclass, %(keep)s::interval, 'window_start_ts', p_time_zone => 'UTC',
    p_partition_interval => %(interval)s::interval, p_premake => %(premake)s::integer
);
