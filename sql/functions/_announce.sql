-- requires: _allow, _has_rows_between, _clock, _was_judged
-- What set_policy says about the passes that follow. A policy with no pass behind it
-- announces that everything that is expired goes: its first passes are no surprise. One
-- that was tightened afterwards is judged by the guards, with nothing allowed.
create or replace function @extschema@._announce(p_policy @extschema@._policy)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last @extschema@._run;
begin
    select r.* into v_last from @extschema@._run as r
    where r.policy_id = (p_policy).policy_id and not r.keep_override and @extschema@._was_judged(r)
    order by r.run_id desc
    limit 1;
    if not found then
        perform @extschema@._allow((p_policy).policy_id, array['tightened', 'source', 'share', 'usual'], 'a new policy: what is expired goes');
    elsif
        @extschema@._cutoff((p_policy).keep, (p_policy).time_zone, @extschema@._clock())
        > @extschema@._cutoff(v_last.keep, (p_policy).time_zone, @extschema@._clock())
    then
        -- A decision about the policy as it was is none about this one.
        perform @extschema@._allow((p_policy).policy_id, array[]::text [], 'the keep is shorter than before');
        raise notice '%.% is to keep less than before (%); if that is much of the table, the next pass waits for confirm', (p_policy).schema_name, (p_policy).table_name, v_last.keep
            using hint = format('To see what would go: select * from %I.plan(%L);', @extschema@._schema(), format('%I.%I', (p_policy).schema_name, (p_policy).table_name));
    end if;
end
$$;
comment on function @extschema@._announce(@extschema@._policy) is
'Writes down what a policy announces, and says what a tightened one means.';
