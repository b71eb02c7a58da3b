-- requires: _clock
-- Writes down that the next pass of a policy may do what these guards would refuse.
create or replace function @extschema@._allow(p_policy_id bigint, p_guards text[], p_reason text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into @extschema@._allowance (policy_id, guards, after_run, clock_at, reason)
    values (
        p_policy_id, p_guards,
        coalesce((select max(r.run_id) from @extschema@._run as r where r.policy_id = p_policy_id), 0),
        @extschema@._clock(), p_reason
    );
    delete from @extschema@._suspended as s where s.policy_id = p_policy_id
$$;
comment on function @extschema@._allow(bigint, text[], text) is
'Writes down that the next pass of a policy may do what these guards would refuse.';
