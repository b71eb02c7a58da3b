-- requires: _suspension, _preflight, _count_expired, _choose_strategy, _first_state
-- requires: _from_start, _cutoff_literal, _predicate, _size_findings, _autovacuum_findings, _bill, _gates
-- requires: _clock, _holds_of, _guard_findings, _cutoff_of, _count_some, _lie_together
-- The plan of one policy. A table that cannot be read (gone, another one now)
-- is planned without counts and says why.
create or replace function @extschema@._plan_policy(
    p_policy @extschema@._policy,
    p_keep interval,
    p_batch_rows integer,
    p_exact boolean
)
returns table (
    schema_name name,
    table_name name,
    time_column name,
    keep interval,
    cutoff timestamptz,
    state text,
    expired_rows bigint,
    exact boolean,
    table_rows bigint,
    batches bigint,
    oldest text,
    statement text,
    findings jsonb,
    note text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
    v_predicate text;
    v_suspension record;
    v_state jsonb;
    v_bill jsonb;
    v_chosen record;
    v_together double precision;
    v_filled double precision;
    v_holds text;
    v_unheld text;
    v_bound boolean := not exists (select from @extschema@._suspension((p_policy).policy_id) as s where s.guard = 'binding');
begin
    schema_name := (p_policy).schema_name;
    table_name := (p_policy).table_name;
    time_column := (p_policy).time_column;
    keep := coalesce(p_keep, (p_policy).keep);
    cutoff := @extschema@._cutoff_of(p_policy, keep, @extschema@._clock());
    v_predicate := @extschema@._predicate(
        time_column, (p_policy).time_type,
        @extschema@._cutoff_literal(cutoff, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
        (p_policy).condition
    );
    v_holds := @extschema@._holds_of((p_policy).relation_id, schema_name, table_name);
    v_unheld := v_predicate;
    v_predicate := v_predicate || coalesce(v_holds, '');
    statement := format('delete from %I.%I where %s', schema_name, table_name, v_predicate);
    select s.guard, s.detail, s.fix into v_suspension from @extschema@._suspension((p_policy).policy_id) as s order by s.guard desc limit 1;
    state := case when v_suspension.guard is not null then 'suspended' when (p_policy).paused_at is not null then 'paused' else 'active' end;
    note := coalesce(
        v_suspension.detail || '. Fix: ' || v_suspension.fix,
        case when (p_policy).paused_at is not null then @extschema@._pause_text(p_policy) end,
        @extschema@._timeout_text()
    );
    findings := coalesce(
        (
            select jsonb_agg(jsonb_build_object('check_id', f.check_id, 'level', f.level, 'detail', f.detail, 'fix', f.fix))
            from @extschema@._preflight((p_policy).relation_id, time_column, (p_policy).epoch_unit, current_user) as f
            where v_bound
        ),
        '[]'
    );
    if v_bound and not findings @> '[{"check_id": "kind"}]' and not findings @> '[{"check_id": "privilege"}]' then
        v_state := @extschema@._first_state(p_policy, p_batch_rows, null);
        if p_exact then
            select c.counted, c.exact into expired_rows, exact
            from @extschema@._count_expired((p_policy).relation_id, v_predicate, null) as c;
        else
            select c.counted, c.exact into expired_rows, exact
            from @extschema@._count_some(p_policy, v_predicate, @extschema@._from_start(p_policy, v_state, v_predicate), 20000) as c;
        end if;
        oldest := @extschema@._probe_boundary(
            @extschema@._qualified_name((p_policy).relation_id), time_column,
            @extschema@._from_start(p_policy, v_state, format('%I is not null', time_column)), 0
        );
        select c.strategy, c.reason, c.correlation into v_chosen
        from (
            select l.relation_id from @extschema@._leaves((p_policy).relation_id) as l
            order by pg_relation_size(l.relation_id) desc
            limit 1
        ) as largest
        cross join @extschema@._choose_strategy(
            largest.relation_id, time_column, v_predicate, (p_policy).strategy, (v_state ->> 'has_mark')::boolean
        ) as c;
        if found then
            findings := findings || jsonb_build_object(
                'check_id', 'strategy', 'level', 'note', 'detail', format('by %s: %s', v_chosen.strategy, v_chosen.reason), 'fix', null
            );
        end if;
        -- Rows in the order of time need no sample.
        if expired_rows > 0 and abs(v_chosen.correlation) < 0.8 then
            select l.together, l.filled into v_together, v_filled from @extschema@._lie_together((p_policy).relation_id, v_predicate) as l;
        end if;
        v_bill := @extschema@._bill(
            p_policy, expired_rows, coalesce(p_batch_rows, (p_policy).batch_rows), v_chosen.strategy, v_chosen.correlation, v_together, v_filled
        );
        batches := (v_bill ->> 'batches')::bigint;
        findings := findings || @extschema@._guard_findings(p_policy, cutoff, expired_rows, p_keep is not null, v_holds, v_unheld, p_exact)
            || v_bill || @extschema@._size_findings(p_policy) || @extschema@._autovacuum_findings(p_policy);
        if not pg_is_in_recovery() then
            select
                findings || coalesce(jsonb_agg(jsonb_build_object(
                    'check_id', 'gate', 'level', 'warning',
                    'detail', format('a pass would wait now: %s is at %s (limit %s), because of %s', g.gate, g.value, g.limit_value, g.cause),
                    'fix', format('end what causes it, or select %I.set_setting(%L, ''off'')', @extschema@._schema(), 'gate_' || g.gate)
                )), '[]')
            into findings
            from @extschema@._gates((p_policy).relation_id) as g
            where g.reading >= 1;
        end if;
        select case when max(c.reltuples) >= 0 then sum(greatest(c.reltuples, 0)::numeric)::bigint end into table_rows
        from @extschema@._leaves((p_policy).relation_id) as l
        inner join pg_class as c on c.oid = l.relation_id;
        if table_rows is null and not exact then
            findings := findings || jsonb_build_object(
                'check_id', 'statistics', 'level', 'warning', 'detail', 'it was never analyzed, so the estimate is a guess',
                'fix', format('analyze %I.%I;', schema_name, table_name)
            );
        end if;
    end if;
    return next;
end
$$;
comment on function @extschema@._plan_policy(@extschema@._policy, interval, integer, boolean) is
'The plan of one policy.';
