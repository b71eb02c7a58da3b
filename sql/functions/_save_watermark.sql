-- requires: _watermark_shape
-- Writes down how far a pass is, every five seconds at most and at its end, in the
-- transaction that brought it there. After a pass that left nothing behind the
-- watermark is its cutoff; where rows stayed (a trigger kept them) there is none,
-- and every pass looks again.
create or replace function @extschema@._save_watermark(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_state jsonb,
    p_debt bigint default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_shape text := @extschema@._watermark_shape(p_policy);
    v_done boolean := coalesce(p_state ->> 'stop' = 'done', false);
    v_swept boolean := v_done and coalesce((p_state ->> 'sweeps')::boolean, false);
    v_cutoff text;
begin
    if v_shape is null then
        return;
    elsif v_done and p_debt is distinct from 0 then
        delete from @extschema@._watermark as w where w.policy_id = (p_policy).policy_id;
        return;
    elsif v_done then
        execute format(
            'select (%s)::text',
            @extschema@._cutoff_literal((p_run).cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone)
        ) into v_cutoff;
    end if;
    insert into @extschema@._watermark as w (policy_id, shape, after, swept_at, leaf_id, leaf_after, leaf_page, ms_per_row)
    values (
        (p_policy).policy_id, v_shape, coalesce(v_cutoff, p_state ->> 'start'), case when v_swept then (p_run).started_at end,
        case when not v_done then (p_state ->> 'leaf')::oid end,
        case when not v_done then coalesce(p_state ->> 'after', p_state ->> 'resume_after') end,
        case when not v_done then coalesce(p_state ->> 'page', p_state ->> 'resume_page')::bigint end,
        (p_state ->> 'cost')::double precision
    )
    on conflict (policy_id) do update
    set
        shape = excluded.shape, leaf_id = excluded.leaf_id, leaf_after = excluded.leaf_after, leaf_page = excluded.leaf_page,
        ms_per_row = excluded.ms_per_row, saved_at = excluded.saved_at,
        after = case
            -- A longer keep for one pass looked at less than the watermark already says.
            when v_done and w.shape = excluded.shape and (p_run).keep_override and (p_run).keep > (p_policy).keep then w.after
            when v_done then excluded.after
            when w.shape = excluded.shape then w.after
        end,
        swept_at = case when v_swept or w.shape <> excluded.shape then excluded.swept_at else w.swept_at end
    where v_done or p_state ? 'stop' or w.shape <> excluded.shape or w.saved_at < clock_timestamp() - interval '5 s';
end
$$;
comment on function @extschema@._save_watermark(@extschema@._run, @extschema@._policy, jsonb, bigint) is
'Writes down how far a pass is, so that the next one goes on there.';
