-- Called by the command line after it changed pg_cron: writes down which jobs are
-- on a schedule now, so that the view jobs can compare with what ran. A job that
-- did not change keeps the time since which it is expected to run.
create or replace function @extschema@._record_jobs(
    p_jobs jsonb,
    p_role name,
    p_cron_database name,
    p_time_zone text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_database oid := (select d.oid from pg_database as d where d.datname = current_database());
begin
    delete from @extschema@._job as j
    where not exists (
        select from jsonb_to_recordset(p_jobs) as n (job_name text) where n.job_name = j.job_name
    );
    insert into @extschema@._job as j (
        job_name, kind, relation_id, schedule, time_zone, command, role_name, cron_database, cron_job_id, database_oid
    )
    select n.job_name, n.kind, n.relation_id, n.schedule, p_time_zone, n.command, p_role, p_cron_database, n.cron_job_id, v_database
    from jsonb_to_recordset(p_jobs) as n (
        job_name text, kind text, relation_id oid, schedule text, command text, cron_job_id bigint
    )
    on conflict (job_name) do update
    set
        kind = excluded.kind, relation_id = excluded.relation_id, schedule = excluded.schedule, time_zone = excluded.time_zone,
        command = excluded.command, role_name = excluded.role_name, cron_database = excluded.cron_database,
        cron_job_id = excluded.cron_job_id, database_oid = excluded.database_oid,
        applied_at = excluded.applied_at, applied_by = excluded.applied_by
    where
        (j.schedule, j.time_zone, j.command, j.role_name, j.cron_database, j.cron_job_id, j.database_oid)
        is distinct from
        (excluded.schedule, excluded.time_zone, excluded.command, excluded.role_name, excluded.cron_database, excluded.cron_job_id, excluded.database_oid);
end
$$;
comment on function @extschema@._record_jobs(jsonb, name, name, text) is
'Writes down which jobs of pg_cron are on a schedule now.';
