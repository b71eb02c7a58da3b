-- requires: _get_setting, _job_marker, _job_schedule, _may_vacuum, _schema
-- The jobs that should be in pg_cron, as the settings and policies say, for a
-- role that is to run them. Each command is one statement: a CALL that commits
-- and a VACUUM can be nothing else. "prune" runs in pg_cron's own database.
-- One that cannot be is returned with the reason; a schedule that cannot be, which
-- was not set by set_setting, is an error.
create or replace function @extschema@._wanted_jobs(p_role name)
returns table (job_name text, cron_name text, kind text, relation_id oid, schedule text, command text, refusal text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with policy as (
        select
            p.relation_id, format('%I.%I', p.schema_name, p.table_name) as name,
            exists (select from pg_class as c where c.oid = p.relation_id) as found
        from @extschema@._policy as p
    ),
    wanted as (
        select
            'cleanup' as job_name, 'cleanup' as kind, null::oid as relation_id,
            format('call %I.cleanup(p_max_duration => %%1$L, p_job => %%2$L, p_quiet => true)', @extschema@._schema()) as command,
            null as refusal
        where @extschema@._get_setting('cleanup_jobs') = 'one'
        union all
        select
            'cleanup:' || p.name, 'cleanup', p.relation_id,
            format(
                'call %I.cleanup(%s, p_max_duration => %%1$L, p_job => %%2$L, p_quiet => true)',
                @extschema@._schema(), replace(quote_literal(p.name), '%', '%%')
            ),
            null
        from policy as p
        where @extschema@._get_setting('cleanup_jobs') = 'per_policy'
        union all
        select
            'vacuum:' || p.name, 'vacuum', p.relation_id, format('vacuum (skip_locked) %s', replace(p.name, '%', '%%')),
            case
                when not p.found then format('the table of the policy on %s is not there', p.name)
                when not @extschema@._may_vacuum(p_role, p.relation_id) then format('role %I may not vacuum %s', p_role, p.name)
            end
        from policy as p
        union all
        select 'sample', 'sample', null, format('call %I.sample(p_job => %%2$L, p_quiet => true)', @extschema@._schema()), null
        union all
        select 'rotation', 'rotation', null, format('call %I.rotate(p_max_duration => %%1$L, p_job => %%2$L, p_quiet => true)', @extschema@._schema()), null
        where exists (select from @extschema@._policy as p where p.partition_interval is not null and p.managed_by = 'us')
        union all
        select
            'prune', 'prune', null,
            format(
                $q$delete from cron.job_run_details where username = current_user and position(%L in command) > 0 and status in ('succeeded', 'failed') and (coalesce(end_time, start_time) < now() - interval %L or runid <= (select r.runid from cron.job_run_details as r where r.username = current_user and position(%L in r.command) > 0 order by r.runid desc offset %s limit 1))$q$,
                @extschema@._job_marker(), @extschema@._get_setting('cron_history_keep_age'), @extschema@._job_marker(),
                @extschema@._get_setting('cron_history_keep_count')
            ),
            null
    )
    select
        w.job_name,
        case when octet_length(f.name) <= 63 then f.name else format('pytelemetry_db:%s:%s', md5(f.name), w.kind) end,
        w.kind, w.relation_id, s.schedule,
        case w.kind when 'prune' then w.command else format(
            w.command, @extschema@._get_setting(case w.kind when 'rotation' then 'rotation_max_duration' else 'cleanup_max_duration' end), w.job_name
        ) end
        || ' ' || @extschema@._job_marker(w.job_name) || ' */',
        w.refusal
    from wanted as w
    cross join lateral (select @extschema@._job_schedule(w.kind) as schedule) as s
    cross join lateral (
        select format('pytelemetry_db:%s:%s:%s', current_database(), @extschema@._schema(), w.job_name) as name
    ) as f
    where s.schedule <> 'off'
    order by w.kind, w.job_name
$$;
comment on function @extschema@._wanted_jobs(name) is
'The jobs that should be in pg_cron, as the settings and policies say.';
