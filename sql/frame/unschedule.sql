-- Jobs of pg_cron outlive what they call, so they go first: those with our name
-- for this schema, and those that call it by hand. Only when pg_cron keeps its
-- jobs in this database; the command line says so when it does not.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_job record;
begin
    if to_regclass('cron.job') is null or not has_schema_privilege('cron', 'USAGE') then
        return;
    end if;
    for v_job in
        execute 'select j.jobid from cron.job as j where j.database = $1 and (starts_with(j.jobname, $2) or j.command ~* $3)'
        using
            current_database()::text,
            format('pytelemetry_db:%s:%s:', current_database(), v_schema),
            format('^\s*call\s+"?%s"?\s*\.', v_schema)
    loop
        execute 'select cron.unschedule($1)' using v_job.jobid;
    end loop;
end
$$;
