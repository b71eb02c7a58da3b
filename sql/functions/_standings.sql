-- requires: _debt, _rates, _verdict, _suspension, _job_states, _pause_text
-- Behind the view retention: debt, rates and verdict of every policy, from
-- catalogs, samples and the ledger: it locks no managed table, however it is
-- locked. Runs with its owner's rights; takes no argument and only reads.
create or replace function @extschema@._standings()
returns table (
    policy_id bigint,
    expired_rows bigint,
    expired_bytes bigint,
    expired_method text,
    expired_accuracy numeric,
    expired_at timestamptz,
    over_policy interval,
    inflow_per_hour numeric,
    drain_per_hour numeric,
    margin numeric,
    catch_up interval,
    catch_up_text text,
    verdict text,
    evidence text,
    sampled_at timestamptz
)
language plpgsql
volatile
security definer
rows 20
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_rate record;
    v_sample record;
    v_guard record;
    v_job record;
    v_cutoff timestamptz;
    v_last record;
    v_launcher boolean := case
        when pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
            then exists (select from pg_stat_activity as a where a.backend_type = 'pg_cron launcher')
    end;
    v_jobs jsonb := (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from @extschema@._job_states() as s where s.job_name like 'cleanup%');
begin
    for v_policy in select p.* from @extschema@._policy as p order by p.policy_id loop
        policy_id := v_policy.policy_id;
        select s.guard, s.detail into v_guard from @extschema@._suspension(v_policy.policy_id) as s order by s.guard desc limit 1;
        begin
            v_cutoff := @extschema@._cutoff(v_policy.keep, v_policy.time_zone, clock_timestamp());
            -- A table that is another one now has no debt, and its statistics may be of another type.
            select d.expired_rows, d.method, d.accuracy, d.known_at into expired_rows, expired_method, expired_accuracy, expired_at
            from @extschema@._debt(v_policy) as d
            where v_guard.guard is null;
            select r.inflow, r.drain, r.drain_full into v_rate from @extschema@._rates(v_policy) as r;
            inflow_per_hour := v_rate.inflow;
            drain_per_hour := v_rate.drain;
            margin := round(v_rate.drain / nullif(v_rate.inflow, 0), 2);
            select
                s.at, s.oldest_at,
                (s.heap_bytes + s.index_bytes + s.toast_bytes)::numeric / nullif(greatest(s.rows, 0), 0) as row_bytes
            into v_sample
            from @extschema@._sample as s
            where s.policy_id = v_policy.policy_id and s.relation_id = v_policy.relation_id and s.at > v_policy.changed_at and s.heap_bytes is not null
            order by s.at desc
            limit 1;
            sampled_at := v_sample.at;
            expired_bytes := round(expired_rows * v_sample.row_bytes)::bigint;
            select r.cutoff, r.debt_rows, r.rows_before, r.stop_reason, r.finished_at into v_last
            from @extschema@._run as r
            where r.policy_id = v_policy.policy_id and r.stop_reason is not null and r.keep = v_policy.keep
            order by r.run_id desc
            limit 1;
            over_policy := case
                -- A pass that left nothing: what is there is not older than its cutoff.
                when v_last.debt_rows = 0 and (v_last.finished_at > v_sample.at or v_sample.at is null) then v_cutoff - v_last.cutoff
                when expired_rows = 0 then interval '0 s'
                when v_sample.oldest_at is not null then greatest(interval '0 s', v_cutoff - v_sample.oldest_at)
            end;
            catch_up := case
                when expired_rows = 0 then interval '0 s'
                when v_rate.drain > coalesce(v_rate.inflow, 'infinity') then make_interval(secs => round(expired_rows / (v_rate.drain - v_rate.inflow) * 3600)::double precision)
            end;
            catch_up_text := case
                when catch_up = interval '0 s' then 'nothing to catch up'
                when catch_up is not null then 'in about ' || date_trunc('minute', catch_up + interval '1 min')::text
                when expired_rows > 0 and v_rate.drain <= v_rate.inflow then 'never'
                else 'unknown'
            end;
            select j.job_name, j.state, j.detail into v_job
            from jsonb_to_recordset(v_jobs) as j (job_name text, state text, detail text)
            where j.job_name in ('cleanup', format('cleanup:%I.%I', v_policy.schema_name, v_policy.table_name))
            order by j.job_name desc
            limit 1;
            select v.verdict, v.evidence into verdict, evidence
            from @extschema@._verdict(v_policy, jsonb_build_object(
                'guard', v_guard.guard, 'guard_detail', v_guard.detail, 'over', over_policy, 'expired', expired_rows,
                -- An hour is what a schedule may leave between two passes.
                'behind', coalesce(over_policy > v_policy.grace + interval '1 hour', false)
                    or coalesce(v_last.stop_reason = 'deadline' and v_last.debt_rows > 0 and coalesce(expired_rows, 1) > 0, false),
                'inflow', v_rate.inflow, 'drain', v_rate.drain, 'drain_full', v_rate.drain_full,
                'launcher', v_launcher, 'job', v_job.job_name, 'job_state', v_job.state, 'job_detail', v_job.detail
            )) as v;
        exception
            when others then
                -- One policy that cannot be judged must not hide the others.
                expired_rows := null;
                expired_bytes := null;
                expired_method := null;
                expired_accuracy := null;
                over_policy := null;
                inflow_per_hour := null;
                drain_per_hour := null;
                margin := null;
                catch_up := null;
                catch_up_text := null;
                verdict := 'unknown';
                evidence := format('it cannot be judged: %s (SQLSTATE %s)', sqlerrm, sqlstate);
        end;
        return next;
    end loop;
end
$$;
comment on function @extschema@._standings() is
'Debt, rates and verdict of every policy, for readers of the view retention.';
