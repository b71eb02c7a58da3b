-- requires: _clock, _get_setting, _table_rows, _clock_guard, _source_guard, _count_expired, _cutoff_literal
-- requires: _was_judged
-- What speaks against a pass that would remove p_expired rows: one row per guard. The
-- usual is what passes of the last two weeks removed, or what the time since the last
-- one lets expect. What a new policy announced, or somebody confirmed, counts until
-- one pass was done.
create or replace function @extschema@._guards(
    p_policy @extschema@._policy,
    p_cutoff timestamptz,
    p_expired bigint,
    p_predicate text
)
returns table (guard text, detail text)
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
    v_allowance @extschema@._allowance;
    v_allowed text [] := array[]::text [];
    v_past record;
    v_last @extschema@._run;
    v_lowest bigint := @extschema@._get_setting('guard_rows')::bigint;
    v_rows bigint := @extschema@._table_rows((p_policy).relation_id);
    v_natural numeric;
    v_expected numeric;
    v_change text;
    v_cutoff timestamptz;
begin
    if coalesce(p_expired, 0) = 0 then
        return;
    end if;
    v_rows := greatest(v_rows, p_expired);
    select a.* into v_allowance from @extschema@._allowance as a
    where a.policy_id = (p_policy).policy_id
    order by a.allowance_id desc
    limit 1;
    if v_allowance.guards is not null and not exists (
        select from @extschema@._used as u where u.allowance_id = v_allowance.allowance_id
    ) then
        v_allowed := v_allowance.guards;
    end if;
    select r.* into v_last from @extschema@._run as r
    where
        r.policy_id = (p_policy).policy_id and not r.keep_override
        and @extschema@._was_judged(r)
    order by r.started_at desc
    limit 1;
    select
        count(n.usual) as passes, coalesce(sum(n.rows), 0) as total, coalesce(sum(n.usual), 0) as usual,
        coalesce(percentile_disc(0.99) within group (order by n.usual), 0) as most,
        max(n.gap) as longest_gap, max(n.clock_at) as last_at,
        extract(epoch from max(n.clock_at) - min(n.clock_at)) as seconds
    into v_past
    from (
        select
            r.rows,
            -- What was announced or confirmed is not what is usual.
            case when not exists (
                select from @extschema@._allowance as a
                where
                    a.policy_id = r.policy_id and a.guards <> '{}' and r.run_id > a.after_run
                    and r.run_id <= coalesce((select u.run_id from @extschema@._used as u where u.allowance_id = a.allowance_id), r.run_id)
            ) then r.rows end as usual,
            coalesce(r.clock_at, r.started_at) as clock_at,
            coalesce(r.clock_at, r.started_at) - lag(coalesce(r.clock_at, r.started_at)) over (order by r.run_id) as gap
        from @extschema@._run as r
        where
            r.policy_id = (p_policy).policy_id and r.stop_reason is not null and not r.keep_override
            and @extschema@._was_judged(r)
        order by r.run_id desc
        limit 4000
    ) as n;
    v_natural := greatest(
        v_past.usual / nullif(v_past.seconds, 0) * extract(epoch from @extschema@._clock() - v_past.last_at),
        -- As the rows that stay came in, older ones came in before.
        (v_rows - p_expired) / extract(epoch from (p_policy).keep) * extract(epoch from @extschema@._clock() - v_past.last_at),
        0
    );
    v_expected := greatest(v_past.most, v_natural);
    if not 'clock' = any(v_allowed) then
        return query select 'clock', c.detail
        from @extschema@._clock_guard(p_policy, v_past.longest_gap) as c
        where c.detail is not null;
    end if;
    if not 'source' = any(v_allowed) and v_past.total + p_expired >= v_lowest then
        return query select 'source', s.detail
        from @extschema@._source_guard(p_policy, p_cutoff, p_expired) as s
        where s.detail is not null;
    end if;
    if p_expired < v_lowest or p_expired <= 2 * v_natural then
        return;
    end if;
    v_change := case
        when @extschema@._cutoff((p_policy).keep, (p_policy).time_zone, p_cutoff) > @extschema@._cutoff(v_last.keep, (p_policy).time_zone, p_cutoff)
            then format('its keep is %s now and was %s', (p_policy).keep, v_last.keep)
        when not starts_with(v_last.predicate, format('%I < ', (p_policy).time_column)) then 'its time column is another one'
        when (p_policy).condition is null and strpos(v_last.predicate, ' is true)') > 0 then 'its condition was removed'
        when (p_policy).condition is not null and strpos(v_last.predicate, format(' and ((%s) is true)', (p_policy).condition)) = 0
            then 'its condition is another one'
    end;
    if v_change is not null and p_expired > 0.05 * v_rows and not 'tightened' = any(v_allowed) then
        return query select
            'tightened',
            format('the policy was changed since its last pass, %s: about %s rows would go where %s were usual', v_change, p_expired, ceil(v_expected));
    end if;
    if v_change is null and p_expired > 0.05 * v_rows then
        -- What came to expire since the last pass did so by the clock, also the trace of a
        -- busy day. Only rows that are older, and were not there, come from nowhere.
        select r.cutoff into v_cutoff from @extschema@._run as r
        where r.policy_id = (p_policy).policy_id and not r.keep_override and r.stop_reason = 'done' and @extschema@._was_judged(r)
        order by r.run_id desc
        limit 1;
        if v_cutoff < p_cutoff then
            select c.counted into p_expired
            from @extschema@._count_expired(
                (p_policy).relation_id,
                format(
                    '%I < %s and %s', (p_policy).time_column,
                    @extschema@._cutoff_literal(v_cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone), p_predicate
                ), 100000
            ) as c;
        end if;
    end if;
    if p_expired < v_lowest or p_expired <= 2 * v_expected then
        return;
    end if;
    if p_expired > v_rows * @extschema@._get_setting('guard_share')::numeric / 100 and not 'share' = any(v_allowed) then
        return query select
            'share', format('about %s of %s rows would go where %s were usual', p_expired, v_rows, ceil(v_expected));
    end if;
    if
        v_past.passes >= 5 and p_expired > 0.05 * v_rows
        and p_expired > v_expected * @extschema@._get_setting('guard_usual')::numeric and not 'usual' = any(v_allowed)
    then
        return query select
            'usual', format('about %s rows would go, more than %s times the usual %s', p_expired, @extschema@._get_setting('guard_usual'), ceil(v_expected));
    end if;
end
$$;
comment on function @extschema@._guards(@extschema@._policy, timestamptz, bigint, text) is
'What speaks against a pass, one row per guard.';
