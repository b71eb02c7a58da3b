-- requires: _check_policy
-- A keep for this pass only: as valid as a stored one, and when it is shorter
-- than the stored one somebody has to say yes, because it deletes more.
create or replace function @extschema@._check_keep(p_policy @extschema@._policy, p_keep interval, p_yes boolean)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stored interval := (p_policy).keep;
begin
    if p_keep is null then
        return;
    end if;
    p_policy.keep := p_keep;
    perform @extschema@._check_policy(p_policy);
    if
        p_yes is not true
        and @extschema@._cutoff(p_keep, (p_policy).time_zone, now()) > @extschema@._cutoff(v_stored, (p_policy).time_zone, now())
    then
        raise exception 'keep % is shorter than the % of the policy on %.%', p_keep, v_stored, (p_policy).schema_name, (p_policy).table_name
            using errcode = 'invalid_parameter_value',
            hint = 'To delete more than the policy says, in this pass only, say p_yes => true (command line: --yes).';
    end if;
end
$$;
comment on function @extschema@._check_keep(@extschema@._policy, interval, boolean) is
'Validates a keep for this pass only; one shorter than the stored needs a yes.';
