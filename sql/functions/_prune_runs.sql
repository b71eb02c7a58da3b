-- requires: _prune_audit, _was_judged
-- Removes ledger rows by age and by count, passes for each table and calls for
-- each job; the last finished row always stays, and so do unfinished ones. What
-- goes is added to the totals first: counters of the view metrics never fall.
create or replace function @extschema@._prune_runs()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with gone as (
        delete from @extschema@._run as r
        using (
            select
                o.run_id, o.started_at,
                row_number() over (partition by o.policy_id order by o.started_at desc, o.run_id desc) as position
            from @extschema@._run as o
            where o.stop_reason is not null
        ) as n
        where
            r.run_id = n.run_id and n.position > 1
            -- What guards compare the next pass with, however many were refused since.
            and r.run_id is distinct from (
                select max(g.run_id) from @extschema@._run as g
                where g.policy_id = r.policy_id and g.stop_reason = 'done' and not g.keep_override and @extschema@._was_judged(g)
            )
            and (
                n.position > @extschema@._get_setting('runs_keep_count')::integer
                or n.started_at < now() - @extschema@._get_setting('runs_keep_age')::interval
            )
        returning r.policy_id, r.stop_reason, r.rows
    )

    insert into @extschema@._total as t (policy_id, outcome, passes, rows)
    select g.policy_id, g.stop_reason, count(*), sum(g.rows)
    from gone as g
    group by g.policy_id, g.stop_reason
    on conflict (policy_id, outcome) do update set passes = t.passes + excluded.passes, rows = t.rows + excluded.rows;
    delete from @extschema@._call as c
    using (
        select
            o.call_id, o.started_at,
            row_number() over (partition by o.job_name order by o.started_at desc, o.call_id desc) as position
        from @extschema@._call as o
        where o.outcome is not null
    ) as n
    where
        c.call_id = n.call_id and n.position > 1
        and (
            n.position > @extschema@._get_setting('runs_keep_count')::integer
            or n.started_at < now() - @extschema@._get_setting('runs_keep_age')::interval
        );
    select @extschema@._prune_audit()
$$;
comment on function @extschema@._prune_runs() is
'Removes old rows of passes and calls, by age and by count.';
