-- Jobs of pg_cron outlive what they call, so they go first: those with our name or
-- our marker for this schema, and those that call it by hand. pg_cron shows a role its own
-- jobs, a superuser all: hence as the connected role and as the owner. Only when
-- it keeps its jobs in this database; the command line says so when it does not.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema');
    v_owner text := current_user;
    v_role text;
    v_job record;
begin
    if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
        return;
    end if;
    foreach v_role in array array['none', v_owner] loop
        perform set_config('role', v_role, true);
        continue when not has_schema_privilege('cron', 'USAGE');
        for v_job in
            execute 'select j.jobid from cron.job as j where j.database = $1 and (starts_with(j.jobname, $2) or strpos(j.command, $3) > 0 or j.command ~* $4)'
            using
                current_database()::text,
                format('pytelemetry_db:%s:%s:', current_database(), v_schema),
                format('/* pytelemetry_db:%s:%s:', replace(replace(replace(current_database(), '%', '%25'), ':', '%3A'), '*', '%2A'), v_schema),
                format('^\s*call\s+"?%s"?\s*\.', v_schema)
        loop
            execute 'select cron.unschedule($1)' using v_job.jobid;
        end loop;
    end loop;
    perform set_config('role', v_owner, true);
end
$$;
