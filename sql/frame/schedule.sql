-- sql schedule: puts the wanted jobs into pg_cron, and takes ours out that are
-- not wanted, for the role that runs it, or for the owner of our schema when that
-- is a superuser. Only where pg_cron keeps its jobs in this database; elsewhere two
-- connections are needed, which a script has not.
do $$
declare
    v_marker text := @extschema@._job_marker();
    v_role name := (
        select case when r.rolsuper then pg_get_userbyid(n.nspowner) else current_user end
        from pg_roles as r
        inner join pg_namespace as n on n.nspname = @extschema@._schema()
        where r.rolname = current_user
    );
    v_wanted jsonb;
    v_jobs jsonb := '[]';
    v_job record;
    v_id bigint;
begin
    if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
        raise exception 'pg_cron keeps its jobs in another database than this one'
            using errcode = 'object_not_in_prerequisite_state',
            hint = 'pytelemetry-db schedule apply --dry-run prints the statements to run there.';
    end if;
    select coalesce(jsonb_agg(to_jsonb(w)), '[]') into v_wanted
    from @extschema@._wanted_jobs(v_role) as w
    where w.refusal is null;
    for v_job in
        execute 'select j.jobid from cron.job as j where strpos(j.command, $1) > 0 and j.username = $3 and (j.database <> current_database() or j.jobname::text <> all(array(select w.cron_name from jsonb_to_recordset($2) as w (cron_name text))))'
        using v_marker, v_wanted, v_role
    loop
        execute 'select cron.unschedule($1)' using v_job.jobid;
    end loop;
    for v_job in
        select w.cron_name, w.schedule, w.command, to_jsonb(w) as facts
        from jsonb_to_recordset(v_wanted) as w (
            job_name text, cron_name text, kind text, relation_id bigint, schedule text, command text
        )
    loop
        if v_role = current_user then
            execute 'select cron.schedule($1, $2, $3)' into v_id using v_job.cron_name, v_job.schedule, v_job.command;
        else
            execute 'select cron.schedule_in_database($1, $2, $3, current_database(), $4)' into v_id
            using v_job.cron_name, v_job.schedule, v_job.command, v_role;
        end if;
        v_jobs := v_jobs || (v_job.facts || jsonb_build_object('cron_job_id', v_id));
    end loop;
    perform @extschema@._record_jobs(v_jobs, v_role, current_database(), @extschema@._cron_time_zone());
end
$$;
