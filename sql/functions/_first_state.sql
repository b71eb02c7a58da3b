-- requires: _pace, _watermark_of, _writes, _leaves
-- The state with which the scan of a pass begins: its pace, and where it starts.
-- A pass starts at the very beginning, for rows that came late. While many dead
-- rows lie there, which have to be walked over, it does so only once a
-- sweep_interval, and else goes on where the last one stopped, or starts at the
-- watermark, below which nothing expired was left.
create or replace function @extschema@._first_state(p_policy @extschema@._policy, p_batch_rows integer, p_duty text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mark @extschema@._watermark := @extschema@._watermark_of(p_policy);
    v_dead boolean := coalesce((
        select sum(pg_stat_get_dead_tuples(l.relation_id)) >= 100000
        from @extschema@._leaves((p_policy).relation_id) as l
    ), false);
    v_resumes boolean;
    v_sweeps boolean;
begin
    -- A place in the heap is worth keeping always, one in time only behind dead rows.
    v_resumes := v_mark.leaf_id is not null and (v_dead or v_mark.leaf_page > 0);
    v_sweeps := not v_dead or v_mark.swept_at is null
        or v_mark.swept_at < now() - @extschema@._get_setting('sweep_interval')::interval;
    return @extschema@._pace(p_duty)
        || jsonb_build_object(
            'limit', coalesce(p_batch_rows, (p_policy).batch_rows, 2000),
            'cost', v_mark.ms_per_row,
            'has_mark', v_mark.after is not null or v_mark.leaf_after is not null,
            'writes', @extschema@._writes((p_policy).relation_id),
            'sweeps', v_sweeps and not v_resumes,
            'start', case when v_dead and (v_resumes or not v_sweeps) then v_mark.after end,
            'leaf', case when v_resumes then v_mark.leaf_id::bigint end,
            'resume_after', case when v_resumes and v_dead then v_mark.leaf_after end,
            'resume_page', case when v_resumes then v_mark.leaf_page end,
            'partial', v_resumes and (v_mark.leaf_page > 0 or v_mark.leaf_id <> (p_policy).relation_id)
        );
end
$$;
comment on function @extschema@._first_state(@extschema@._policy, integer, text) is
'The state with which the scan of a pass begins.';
