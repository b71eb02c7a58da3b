-- schedule apply and remove, in pg_cron's database: the wanted jobs against the
-- ones there, with the statement that makes the difference. Ours are found by the
-- marker that their commands have, or by their whole name; of other roles only a
-- superuser sees any. pg_cron does not move a job to another database.
-- "calls" are jobs without the marker that call our schema.
with wanted as (
    select
        w.job_name,
        w.cron_name,
        w.kind,
        w.relation_id,
        w.schedule,
        w.command,
        case w.kind when 'prune' then pg_catalog.current_database() else %(database)s::text end as database
    from pg_catalog.jsonb_to_recordset(%(jobs)s::jsonb) as w (
        job_name text, cron_name text, kind text, relation_id bigint, schedule text, command text
    )
),

found as (
    select
        j.jobid,
        j.jobname::text as jobname,
        j.schedule,
        j.command,
        j.database,
        j.username,
        j.active,
        strpos(j.command, %(marker)s::text) > 0
        or (
            j.username = %(role)s::text
            and exists (
                select w.cron_name
                from wanted as w
                where j.jobname::text = w.cron_name
            )
        ) as ours
    from cron.job as j
),

present as (
    select
        f.*,
        -- One of ours that belongs to another role is not the one that is wanted.
        case when f.ours and f.username = %(role)s::text then f.jobname end as cron_name
    from found as f
    where f.ours or (f.database = %(database)s::text and f.command ~* %(calls)s::text)
),

compared as (
    select
        w.job_name,
        coalesce(w.cron_name, p.jobname) as cron_name,
        w.kind,
        w.relation_id,
        p.jobid as job_id,
        p.username as role_name,
        coalesce(w.schedule, p.schedule) as schedule,
        coalesce(w.command, p.command) as command,
        p.schedule as old_schedule,
        d.status as last_status,
        d.return_message as last_message,
        d.start_time as last_start,
        format('select cron.unschedule(%%s);', p.jobid) as drop_statement,
        case
            when w.database = pg_catalog.current_database() and %(role)s::text = current_user
                then format('select cron.schedule(%%L, %%L, %%L);', w.cron_name, w.schedule, w.command)
            when %(role)s::text = current_user
                then
                    format(
                        'select cron.schedule_in_database(%%L, %%L, %%L, %%L);',
                        w.cron_name, w.schedule, w.command, w.database
                    )
            else
                format(
                    'select cron.schedule_in_database(%%L, %%L, %%L, %%L, %%L);',
                    w.cron_name, w.schedule, w.command, w.database, %(role)s::text
                )
        end as make_statement,
        w.database <> p.database or (%(activate)s and not p.active) as remade,
        case
            when p.jobid is null then 'add'
            when not p.ours then 'calls'
            when p.username <> %(role)s::text then 'other role'
            when w.job_name is null then 'remove'
            when w.schedule <> p.schedule or w.command <> p.command or w.database <> p.database then 'change'
            when not p.active then 'inactive'
            else 'same'
        end as change
    from wanted as w
    full join present as p on w.cron_name = p.cron_name
    left join lateral (
        select
            r.status,
            r.return_message,
            r.start_time
        from cron.job_run_details as r
        where r.jobid = p.jobid
        order by r.runid desc
        limit 1
    ) as d on true
)

select
    c.job_name,
    c.cron_name,
    c.kind,
    c.relation_id,
    c.job_id,
    c.role_name,
    c.schedule,
    c.command,
    c.old_schedule,
    c.last_status,
    c.last_message,
    c.last_start,
    c.change,
    case
        -- Whoever may not alter a job may make it again.
        when c.change = 'inactive' or c.remade then c.drop_statement || E'\n' || c.make_statement
        when c.change in ('add', 'change') then c.make_statement
        when c.change <> 'same' then c.drop_statement
    end as statement
from compared as c
order by c.change, c.cron_name, c.job_id;
