-- requires: _has_rows_between, _clock, _get_setting, _was_judged
-- Did the clock jump since the last pass, or the last confirmation? Back: it is earlier
-- than it was. Ahead: much more time went by than ever between two passes, and the
-- table has no row from the middle of it, as if it had not been.
create or replace function @extschema@._clock_guard(
    p_policy @extschema@._policy,
    p_longest_gap interval,
    out detail text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jump interval := least(@extschema@._get_setting('guard_clock')::interval, (p_policy).keep / 2);
    v_now timestamptz := @extschema@._clock();
    v_known record;
    v_reading timestamptz;
    v_gap interval;
begin
    select a.after_run, a.clock_at into v_known from @extschema@._allowance as a
    where a.policy_id = (p_policy).policy_id
    order by a.allowance_id desc
    limit 1;
    select greatest(max(coalesce(r.clock_at, r.started_at)), v_known.clock_at) into v_reading
    from @extschema@._run as r
    where
        r.policy_id = (p_policy).policy_id and r.run_id > coalesce(v_known.after_run, 0)
        and @extschema@._was_judged(r);
    v_gap := v_now - v_reading;
    if v_gap < - v_jump then
        detail := format('the clock says %s, and was at %s before: it went back', v_now, v_reading);
    elsif
        v_gap > greatest(v_jump, 3 * p_longest_gap)
        and not @extschema@._has_rows_between(p_policy, v_reading + v_gap / 4, v_reading + v_gap * 3 / 4)
    then
        detail := format(
            'the clock says %s, and was at %s at the last pass; no row is from the time between: it jumped, or everything stood still',
            v_now, v_reading
        );
    end if;
end
$$;
comment on function @extschema@._clock_guard(@extschema@._policy, interval) is
'Says so when the clock jumped since the last pass.';
