-- Removes ledger rows by age and by count for each table; the last finished
-- row of a table always stays, and so do unfinished ones.
create or replace function @extschema@._prune_runs()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
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
        and (
            n.position > @extschema@._get_setting('runs_keep_count')::integer
            or n.started_at < now() - @extschema@._get_setting('runs_keep_age')::interval
        )
$$;
comment on function @extschema@._prune_runs() is
'Removes old ledger rows, by age and by count.';
