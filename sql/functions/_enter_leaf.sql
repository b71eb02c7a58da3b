-- requires: _choose_strategy, _watermark_shape
-- State of a scan that comes to a new leaf: how its rows are removed, where it
-- begins, and how many rows lie on a page, which turns rows into pages.
create or replace function @extschema@._enter_leaf(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_leaf_id oid,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_resumes boolean := coalesce((p_state ->> 'leaf')::oid = p_leaf_id, false);
    v_chosen record;
begin
    select c.strategy, c.reason, c.correlation into v_chosen
    from @extschema@._choose_strategy(
        p_leaf_id, (p_policy).time_column, (p_run).predicate, (p_policy).strategy, (p_state ->> 'has_mark')::boolean
    ) as c;
    update @extschema@._run as r
    set
        strategy = case when r.strategy <> v_chosen.strategy then 'mixed' else v_chosen.strategy end,
        strategy_reason = coalesce(r.strategy_reason, v_chosen.reason)
    where r.run_id = (p_run).run_id and (r.strategy is null or r.strategy not in (v_chosen.strategy, 'mixed'));
    return (p_state - array['resume_after', 'resume_page', 'kept'])
        || jsonb_build_object(
            'leaf', p_leaf_id::bigint,
            'mode', v_chosen.strategy,
            'after', case when v_resumes then coalesce(p_state ->> 'resume_after', p_state ->> 'start') else p_state ->> 'start' end,
            'page', case when v_resumes then coalesce((p_state ->> 'resume_page')::bigint, 0) else 0 end,
            -- Rows that came in since the last ANALYZE may be of any time.
            'guesses', v_chosen.correlation > 0.95 and (p_policy).condition is null and (p_run).batch_rows is null
                and @extschema@._watermark_shape(p_policy) is not null
                and pg_stat_get_mod_since_analyze(p_leaf_id) < 100000,
            'pages', pg_relation_size(p_leaf_id) / current_setting('block_size')::integer,
            'density', (
                select case when c.relpages > 0 and c.reltuples > 0 then greatest(c.reltuples / c.relpages, 1) else 100 end
                from pg_class as c
                where c.oid = p_leaf_id
            )
        );
end
$$;
comment on function @extschema@._enter_leaf(@extschema@._run, @extschema@._policy, oid, jsonb) is
'State of a scan that comes to a new leaf: how its rows are removed, and from where.';
