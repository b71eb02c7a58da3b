-- requires: _guards
-- Asks the guards when a pass starts and writes down what they say. A keep for one pass
-- was asked for by somebody: there only the clock counts. Returns the state with which
-- the pass ends, or null.
create or replace function @extschema@._judge(p_policy @extschema@._policy, p_run_id bigint, p_since timestamptz)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run @extschema@._run;
    v_guards text [];
    v_detail text;
    v_fix text;
begin
    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;
    select array_agg(g.guard), string_agg(g.detail, '; also: ') into v_guards, v_detail
    from @extschema@._guards(p_policy, v_run.cutoff, v_run.rows_before, v_run.predicate) as g
    where g.guard = 'clock' or not v_run.keep_override;
    if v_guards is null then
        return null;
    end if;
    insert into @extschema@._suspended (policy_id, guard, guards, detail, since, run_id)
    values ((p_policy).policy_id, v_guards[1], v_guards, v_detail, coalesce(p_since, v_run.clock_at), p_run_id);
    select s.fix into v_fix from @extschema@._suspension((p_policy).policy_id) as s where s.guard = v_guards[1];
    return jsonb_build_object('stop', 'suspended', 'detail', v_detail, 'fix', v_fix);
end
$$;
comment on function @extschema@._judge(@extschema@._policy, bigint, timestamptz) is
'Asks the guards when a pass starts; returns the state with which it ends, or null.';
