-- schedule: which jobs are in pg_cron now.
select
    @extschema@._record_jobs(
        p_jobs => %(jobs)s::jsonb,
        p_role => %(role)s::name,
        p_cron_database => %(cron_database)s::name,
        p_time_zone => %(time_zone)s
    );
