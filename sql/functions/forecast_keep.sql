-- requires: _find_policy, _shares, _cutoff, _cutoff_literal, _rates
-- What another keep would change in one table: rows and bytes that would go, or
-- stay longer, in the long run and without bloat. By the statistics of the last
-- ANALYZE, and for a longer keep by the inflow of the last day; looks at no row and
-- changes nothing. Room inside the files can be used again, and is not given back
-- to the disk without VACUUM FULL or partitions.
create or replace function @extschema@.forecast_keep(p_table regclass, p_keep interval)
returns table (
    schema_name name,
    table_name name,
    keep interval,
    new_keep interval,
    saved_rows bigint,
    saved_bytes bigint,
    accuracy numeric,
    note text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy := @extschema@._find_policy(p_table);
    v_now timestamptz := clock_timestamp();
    v_changed @extschema@._policy := v_policy;
    v_old timestamptz := @extschema@._cutoff(v_policy.keep, v_policy.time_zone, v_now);
    v_new timestamptz;
    v_row_bytes numeric;
    v_rows double precision;
    v_facts jsonb;
    v_share double precision;
begin
    if p_keep is null then
        raise exception 'p_keep is null: no keep was named' using errcode = 'invalid_parameter_value', hint = 'Say p_keep => ''5 days''.';
    end if;
    v_changed.keep := p_keep;
    perform @extschema@._check_policy(v_changed);
    schema_name := v_policy.schema_name;
    table_name := v_policy.table_name;
    keep := v_policy.keep;
    new_keep := p_keep;
    v_new := @extschema@._cutoff(p_keep, v_policy.time_zone, v_now);
    select (s.heap_bytes + s.index_bytes + s.toast_bytes) / nullif(s.rows, 0)::numeric, s.rows::double precision into v_row_bytes, v_rows
    from @extschema@._sample as s
    where s.policy_id = v_policy.policy_id and s.relation_id = v_policy.relation_id and s.rows > 0
    order by s.at desc
    limit 1;
    if v_policy.condition is not null then
        note := 'with a condition nobody knows how many rows it concerns';
    elsif v_rows is null then
        note := format('there is no sample of it yet; call %I.sample()', @extschema@._schema());
    elsif v_new <= v_old then
        saved_rows := -round((@extschema@._rates(v_policy)).inflow * extract(epoch from v_old - v_new)::numeric / 3600)::bigint;
        note := case when saved_rows is null then 'the inflow is not known yet; it takes two samples' else 'by the inflow of the last day' end;
    else
        v_facts := @extschema@._shares(v_policy, array[
            @extschema@._cutoff_literal(v_old, v_policy.time_type, v_policy.epoch_unit, v_policy.time_zone),
            @extschema@._cutoff_literal(v_new, v_policy.time_type, v_policy.epoch_unit, v_policy.time_zone)
        ]);
        v_share := greatest(0, (v_facts #>> '{shares,1}')::double precision - (v_facts #>> '{shares,0}')::double precision);
        saved_rows := round(v_share * v_rows)::bigint;
        accuracy := round((
            (2 * sqrt(v_share / (v_facts ->> 'looked_at')::double precision) + coalesce(0.4 / (v_facts ->> 'bins')::double precision, 0))
            / nullif(v_share, 0)
        )::numeric, 3);
        note := case when v_facts is null then format('there are no statistics; analyze %I.%I', schema_name, table_name) end;
        if accuracy > 0.25 then
            saved_rows := null;
            accuracy := null;
            note := 'the two keeps are too close together for the statistics';
        end if;
    end if;
    saved_bytes := round(saved_rows * v_row_bytes)::bigint;
    return next;
end
$$;
comment on function @extschema@.forecast_keep(regclass, interval) is
'What another keep would change in one table: rows and bytes that would go, or stay longer.';
