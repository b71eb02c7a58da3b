-- requires: _has_index, _horizon_holders, _call_alive
-- Why cleanup is not keeping up, in one word and with evidence: first what keeps
-- passes from running at all, then what makes them fail, then what makes them slow.
-- p_facts has what _standings knows: guard, guard_detail, over, behind, expired,
-- inflow, drain, drain_full, launcher, job, job_state, job_detail.
create or replace function @extschema@._verdict(
    p_policy @extschema@._policy,
    p_facts jsonb,
    out verdict text,
    out evidence text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last @extschema@._run;
    v_newest @extschema@._run;
    v_holder text;
    v_dead bigint;
    v_rates text := format(
        'about %s rows an hour come in, passes remove %s in the time they get and %s with all of it',
        coalesce(p_facts ->> 'inflow', 'an unknown number of'), coalesce(p_facts ->> 'drain', 'an unknown number'),
        coalesce(p_facts ->> 'drain_full', 'an unknown number')
    );
begin
    select r.* into v_newest from @extschema@._run as r where r.policy_id = (p_policy).policy_id order by r.run_id desc limit 1;
    select r.* into v_last from @extschema@._run as r
    where r.policy_id = (p_policy).policy_id and r.stop_reason is not null
    -- A rotation says nothing of why rows do not go, where there are cleanups.
    order by r.kind = 'cleanup' desc, r.run_id desc
    limit 1;
    if p_facts ->> 'guard' is not null then
        verdict := 'suspended';
        evidence := format('by %s: %s', p_facts ->> 'guard', p_facts ->> 'guard_detail');
    elsif (p_policy).paused_at is not null then
        verdict := 'paused';
        evidence := @extschema@._pause_text(p_policy);
    elsif v_newest.stop_reason is null and v_newest.waiting_for is not null and v_newest.heartbeat_at > clock_timestamp() - interval '60 s' then
        verdict := 'gated';
        evidence := v_newest.waiting_for;
    elsif v_newest.stop_reason = 'gated' then
        verdict := 'gated';
        evidence := coalesce(v_newest.detail, 'a gate was shut until the end of the last pass');
    elsif p_facts ->> 'job' is not null and (p_facts ->> 'job_state' = 'late' or (p_facts ->> 'launcher' = 'false' and p_facts ->> 'job_state' in ('ok', 'waiting'))) then
        verdict := 'scheduler dead';
        evidence := concat_ws('; ', format('job %s', p_facts ->> 'job'), p_facts ->> 'job_detail', case when p_facts ->> 'launcher' = 'false' then 'no launcher of pg_cron is running' end);
    elsif p_facts ->> 'job_state' in ('copied', 'owner dropped', 'removed', 'inactive', 'changed', 'orphaned') then
        verdict := 'not scheduled';
        evidence := format('job %s: %s', p_facts ->> 'job', p_facts ->> 'job_detail');
    elsif p_facts ->> 'job' is null and (v_newest.run_id is null or v_newest.started_at < clock_timestamp() - interval '26 hours') then
        verdict := 'not scheduled';
        evidence := format('no job of pg_cron calls it, and its last pass began %s', coalesce(date_trunc('second', v_newest.started_at)::text, 'never'));
    elsif v_last.stop_reason = 'locked' or v_last.error_sqlstate in ('55P03', '40P01') then
        verdict := 'lock timeouts';
        evidence := concat_ws(': ', format('pass %s ended as %s', v_last.run_id, v_last.stop_reason), v_last.error_message || format(' (SQLSTATE %s)', v_last.error_sqlstate));
    elsif v_last.stop_reason = 'failed' then
        verdict := format('failing with %s', coalesce(v_last.error_sqlstate, 'an error'));
        evidence := format('pass %s: %s', v_last.run_id, v_last.error_message);
    elsif p_facts ->> 'expired' is null and p_facts ->> 'over' is null then
        verdict := 'unknown';
        evidence := 'there is no sample, and the statistics of the table say nothing reliable';
    elsif p_facts ->> 'behind' = 'false' then
        verdict := 'ok';
    elsif not @extschema@._has_index((p_policy).relation_id, (p_policy).time_column) then
        verdict := 'no index';
        evidence := format('no index of %I.%I leads with %I: every pass reads the whole table', (p_policy).schema_name, (p_policy).table_name, (p_policy).time_column);
    else
        select s.dead_rows into v_dead from @extschema@._sample as s
        where s.policy_id = (p_policy).policy_id and s.dead_rows is not null
        order by s.at desc limit 1;
        v_dead := greatest(v_dead, pg_stat_get_dead_tuples((p_policy).relation_id));
        select h.holder || format(', since %s', date_trunc('second', h.since)) into v_holder
        from @extschema@._horizon_holders() as h
        where h.visible and h.since < v_last.started_at
        order by h.since limit 1;
        if v_holder is not null and v_dead >= greatest(1000, 0.2 * pg_stat_get_live_tuples((p_policy).relation_id)) then
            verdict := 'horizon held';
            evidence := format('by %s; %s dead rows cannot be taken away', v_holder, v_dead);
        elsif (p_facts ->> 'drain')::numeric <= (p_facts ->> 'inflow')::numeric then
            verdict := case when (p_facts ->> 'drain_full')::numeric > (p_facts ->> 'inflow')::numeric then 'too little time' else 'inflow above drain' end;
            evidence := v_rates;
        elsif v_last.stop_reason = 'deadline' and v_last.debt_rows >= v_last.rows_before then
            verdict := 'too little time';
            evidence := format('pass %s ran out of time and left no less than it found; %s', v_last.run_id, v_rates);
        elsif v_last.rows > 0 or v_newest.stop_reason is null and v_newest.run_id is not null then
            verdict := 'catching up';
            evidence := v_rates;
        elsif v_last.run_id is null then
            verdict := 'waiting';
            evidence := format('its first pass has not come yet; job %s', p_facts ->> 'job');
        else
            verdict := 'unknown';
            evidence := format('pass %s ended as %s and removed nothing; %s', v_last.run_id, v_last.stop_reason, v_rates);
        end if;
    end if;
end
$$;
comment on function @extschema@._verdict(@extschema@._policy, jsonb) is
'Why cleanup is not keeping up, in one word and with evidence.';
