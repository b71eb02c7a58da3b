-- What pg_cron itself says of the recorded jobs, when it keeps its jobs in this
-- database and lets us look: it shows a role its own jobs only. "present" is
-- null when it cannot be known, false when the job is not there any more.
create or replace function @extschema@._cron_jobs()
returns table (
    job_name text,
    present boolean,
    active boolean,
    schedule text,
    command text,
    last_status text,
    last_message text,
    last_start timestamptz,
    last_end timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_here boolean := exists (
        select from pg_extension as e
        inner join pg_namespace as n on n.nspname = 'cron'
        where e.extname = 'pg_cron' and has_schema_privilege(n.oid, 'USAGE')
    );
begin
    if not v_here then
        return query
        select j.job_name, null::boolean, null::boolean, null, null, null, null, null::timestamptz, null::timestamptz
        from @extschema@._job as j;
        return;
    end if;
    -- Late bound: the tables of an extension that may not be here.
    return query execute format(
        $q$
        select
            j.job_name, case when j.role_name = current_user then c.jobid is not null else nullif(c.jobid is not null, false) end,
            c.active, c.schedule, c.command, d.status, d.return_message, d.start_time, d.end_time
        from %I._job as j
        left join cron.job as c on c.jobid = j.cron_job_id
        left join lateral (
            select r.status, r.return_message, r.start_time, r.end_time
            from cron.job_run_details as r
            where r.jobid = c.jobid
            order by r.runid desc
            limit 1
        ) as d on true
        where j.cron_database = current_database()
        union all
        select j.job_name, null, null, null, null, null, null, null, null from %I._job as j where j.cron_database <> current_database()
        $q$,
        @extschema@._schema(), @extschema@._schema()
    );
end
$$;
comment on function @extschema@._cron_jobs() is
'What pg_cron itself says of the recorded jobs, when it keeps them in this database.';
