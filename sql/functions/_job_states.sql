-- requires: _job_state, _job_slots, _cron_jobs, _last_fire, _fires
-- Behind the view jobs: every job that was put on a schedule, and those that
-- still work although they were removed. Runs with its owner's rights, so that
-- readers of the view see it; takes no argument and only reads.
create or replace function @extschema@._job_states()
returns table (
    job_name text,
    state text,
    detail text,
    fix text,
    last_started_at timestamptz,
    last_finished_at timestamptz,
    last_outcome text,
    last_rows bigint,
    expected_at timestamptz,
    next_at timestamptz,
    expected_24h bigint,
    missed_24h bigint,
    late_24h bigint,
    overlapped_24h bigint,
    piled_up_24h bigint
)
language plpgsql
volatile
security definer
rows 20
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_launcher boolean := case
        when pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
            then exists (select from pg_stat_activity as a where a.backend_type = 'pg_cron launcher')
    end;
    v_job @extschema@._job;
    v_last @extschema@._call;
    v_cron record;
    v_from timestamptz;
begin
    for v_job in select j.* from @extschema@._job as j order by j.job_name loop
        select c.* into v_last from @extschema@._call as c
        where c.job_name = v_job.job_name and c.outcome is distinct from 'piled_up'
        order by c.started_at desc
        limit 1;
        select c.* into v_cron from @extschema@._cron_jobs() as c where c.job_name = v_job.job_name;
        job_name := v_job.job_name;
        last_started_at := coalesce(v_last.started_at, v_cron.last_start);
        last_finished_at := coalesce(v_last.finished_at, v_cron.last_end);
        last_outcome := coalesce(
            v_last.outcome,
            case when v_last.call_id is not null and not @extschema@._call_alive(v_last) then 'interrupted' end,
            case when v_last.call_id is null then v_cron.last_status end
        );
        last_rows := v_last.rows;
        if v_job.kind = 'vacuum' then
            -- VACUUM leaves no row of ours; the table's statistics tell.
            last_finished_at := greatest(last_finished_at, pg_stat_get_last_vacuum_time(v_job.relation_id));
        end if;
        next_at := (select f.at from @extschema@._fires(v_job.schedule, v_job.time_zone, v_now, null, 1) as f (at));
        -- What is due within the last minute and a half may still come.
        expected_at := @extschema@._last_fire(v_job.schedule, v_job.time_zone, v_now - interval '90 s');
        expected_at := case when expected_at > v_job.applied_at then expected_at end;
        v_from := greatest(v_job.applied_at, v_now - interval '24 h');
        expected_24h := null;
        if v_job.kind in ('cleanup', 'sample', 'rotation') then
            select
                count(*), count(*) filter (where s.outcome = 'missed'), count(*) filter (where s.outcome = 'late'),
                count(*) filter (where s.outcome = 'overlapped')
            into expected_24h, missed_24h, late_24h, overlapped_24h
            from @extschema@._job_slots(v_job, v_from, v_now - interval '90 s') as s;
            select count(*) into piled_up_24h
            from @extschema@._call as c
            where c.job_name = v_job.job_name and c.outcome = 'piled_up' and c.started_at >= v_from;
        end if;
        select s.state, s.detail, s.fix into state, detail, fix
        from @extschema@._job_state(
            v_job, v_last, to_jsonb(v_cron),
            case when expected_at > coalesce(last_started_at, last_finished_at, '-infinity') + interval '5 s'
                and (v_job.kind in ('cleanup', 'sample', 'rotation') or last_finished_at is not null or v_cron.present)
                and expected_at > coalesce(last_finished_at, '-infinity') then expected_at
            end,
            v_launcher
        ) as s;
        if state = 'waiting' and last_finished_at > v_job.applied_at then
            state := 'ok';
            detail := null;
        end if;
        return next;
    end loop;
    return query
    select
        c.job_name, 'orphaned', format('it is not on a schedule any more, and pid %s still works for it since %s', c.pid, c.started_at),
        format('select %I._request_stop(%s);', @extschema@._schema(), c.pid), c.started_at, c.finished_at, c.outcome, c.rows,
        null::timestamptz, null::timestamptz, null::bigint, null::bigint, null::bigint, null::bigint, null::bigint
    from @extschema@._call as c
    where
        c.outcome is null and @extschema@._call_alive(c)
        and not exists (select from @extschema@._job as j where j.job_name = c.job_name);
end
$$;
comment on function @extschema@._job_states() is
'How every job stands, for readers of the view jobs.';
