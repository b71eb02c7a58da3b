-- Writes down how the call of a scheduled job ended, with what its passes did.
create or replace function @extschema@._end_call(p_call_id bigint, p_outcome text, p_detail text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._call as c
    set
        outcome = case when p_outcome = 'done' and r.passes = 0 and c.job_name like 'cleanup%' then 'busy' else p_outcome end,
        detail = p_detail, finished_at = clock_timestamp(), passes = r.passes, rows = r.rows
    from (
        select count(r.run_id) as passes, coalesce(sum(r.rows), 0) as rows
        from @extschema@._call as o
        left join @extschema@._run as r on r.pid = o.pid and r.started_at >= o.started_at
        where o.call_id = p_call_id
    ) as r
    where c.call_id = p_call_id and c.outcome is null
$$;
comment on function @extschema@._end_call(bigint, text, text) is
'Writes down how the call of a scheduled job ended.';
