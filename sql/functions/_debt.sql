-- requires: _shares, _cutoff_of, _cutoff_literal, _watermark_of
-- Expired rows that are there now, without looking at the table: the last count
-- (a sample or the end of a pass) and what expired and went since; without one the
-- histogram. "accuracy" is the share by which the number may be wrong; one that
-- may be wrong by more than a quarter is no number but null. Locks nothing.
create or replace function @extschema@._debt(
    p_policy @extschema@._policy,
    out expired_rows bigint,
    out method text,
    out accuracy numeric,
    out known_at timestamptz
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_cutoff timestamptz := @extschema@._cutoff_of(p_policy, (p_policy).keep, v_now);
    v_mark @extschema@._watermark := @extschema@._watermark_of(p_policy);
    v_analyzed_at timestamptz := greatest(
        pg_stat_get_last_analyze_time((p_policy).relation_id), pg_stat_get_last_autoanalyze_time((p_policy).relation_id)
    );
    v_vacuumed_at timestamptz := greatest(
        pg_stat_get_last_vacuum_time((p_policy).relation_id), pg_stat_get_last_autovacuum_time((p_policy).relation_id)
    );
    v_rows double precision;
    v_removed bigint;
    v_done boolean;
    v_anchor record;
    v_facts jsonb;
    v_share double precision;
    v_error double precision;
    v_ahead double precision;
    v_came double precision;
    v_count double precision;
begin
    select
        coalesce(sum(r.rows), 0)::bigint,
        -- Rows at the last ANALYZE, which made the histogram: a later VACUUM counted anew. Not the counters of the
        -- server: what a session did before its ANALYZE may be added to them after it.
        nullif(c.reltuples, -1)::double precision + coalesce(sum(r.rows) filter (where r.heartbeat_at < v_vacuumed_at), 0)::double precision
    into v_removed, v_rows
    from pg_class as c
    left join @extschema@._run as r on r.policy_id = (p_policy).policy_id and r.heartbeat_at > v_analyzed_at
    where c.oid = (p_policy).relation_id
    group by c.oid, c.reltuples;
    if not found then
        return;
    end if;
    -- The newest count that was made under this policy.
    select a.* into v_anchor
    from (
        (
            select s.at, s.cutoff, s.expired_rows as counted, s.expired_exact as exact, s.run_id, s.run_rows
            from @extschema@._sample as s
            where
                s.policy_id = (p_policy).policy_id and s.relation_id = (p_policy).relation_id
                and s.at > (p_policy).changed_at and s.expired_rows is not null
            order by s.at desc
            limit 1
        )
        union all
        (
            select r.finished_at, r.cutoff, r.debt_rows, r.debt_exact, r.run_id, r.rows
            from @extschema@._run as r
            where
                r.policy_id = (p_policy).policy_id and r.relation_id = (p_policy).relation_id and r.keep = (p_policy).keep
                and r.started_at > (p_policy).changed_at and r.debt_exact
            order by r.run_id desc
            limit 1
        )
    ) as a
    order by a.at desc
    limit 1;
    v_facts := @extschema@._shares(p_policy, array[
        @extschema@._cutoff_literal(v_cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
        @extschema@._cutoff_literal(coalesce(v_anchor.cutoff, v_cutoff), (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
        case
            when v_mark.after is not null and v_mark.saved_at > v_analyzed_at then format('%L::%s', v_mark.after, (p_policy).time_type)
            else @extschema@._cutoff_literal('1970-01-01+00', (p_policy).time_type, (p_policy).epoch_unit, 'UTC')
        end
    ]);
    if v_anchor.exact or (v_anchor.counted is not null and (p_policy).condition is null and v_facts is null) then
        select coalesce(sum(r.rows - case when r.run_id = v_anchor.run_id then coalesce(v_anchor.run_rows, 0) else 0 end), 0)::bigint into v_removed
        from @extschema@._run as r
        where r.policy_id = (p_policy).policy_id and r.run_id >= coalesce(v_anchor.run_id, 0);
        v_share := greatest(0, ((v_facts #>> '{shares,0}')::double precision - (v_facts #>> '{shares,1}')::double precision));
        -- What expired since: the sample counted ahead for an hour. Beyond it between two bounds of the histogram rows
        -- need not be spread evenly, and a condition may let none of them go.
        select (s.expiring_per_hour * extract(epoch from v_cutoff - v_anchor.cutoff) / 3600)::double precision into v_ahead
        from @extschema@._sample as s
        where
            s.policy_id = (p_policy).policy_id and s.relation_id = (p_policy).relation_id and s.at > (p_policy).changed_at
            and s.cutoff > v_cutoff - interval '65 minutes' and v_anchor.cutoff > v_cutoff - interval '65 minutes'
        order by s.expiring_per_hour is null, s.at desc
        limit 1;
        v_came := coalesce(v_ahead, v_share * v_rows, 0);
        v_count := greatest(0, v_anchor.counted + v_came - v_removed);
        v_error := v_came * case
                when v_ahead is not null then 0.1
                when (p_policy).condition is not null then 1
                when v_share * (v_facts ->> 'bins')::double precision >= 1 then 0.2
                else 0.6
            end
            + case when v_anchor.exact then 0 else 0.2 * v_anchor.counted end;
        known_at := case when v_ahead is null and (v_facts is null or v_rows is null) then v_anchor.at else v_now end;
        method := case when v_anchor.exact and v_came < 0.5 and v_removed = 0 then 'counted' else 'estimated' end;
    elsif v_facts is not null and (p_policy).condition is null and v_rows is not null and v_analyzed_at is not null then
        v_done := v_mark.after is not null and v_mark.leaf_id is null and v_mark.saved_at > v_analyzed_at;
        v_share := (v_facts #>> '{shares,0}')::double precision - case when v_done then (v_facts #>> '{shares,2}')::double precision else 0 end;
        v_share := greatest(0, v_share);
        v_count := greatest(0, v_share * v_rows - case when v_done then 0 else v_removed end);
        v_error := v_rows * (
            case when v_rows <= (v_facts ->> 'looked_at')::double precision then 0
                else 2 * sqrt(v_share * greatest(0, 1 - v_share) / (v_facts ->> 'looked_at')::double precision)
            end
            + coalesce(0.2 / (v_facts ->> 'bins')::double precision, 0)
        );
        known_at := v_now;
        method := 'estimated';
    else
        return;
    end if;
    accuracy := round((case when v_error = 0 then 0 else v_error / greatest(v_count, 1) end)::numeric, 3);
    expired_rows := round(v_count)::bigint;
    if accuracy > 0.25 then
        expired_rows := null;
        method := 'unknown';
        accuracy := null;
    end if;
end
$$;
comment on function @extschema@._debt(@extschema@._policy) is
'Expired rows that are there now, with the method and by which share they may be wrong.';
