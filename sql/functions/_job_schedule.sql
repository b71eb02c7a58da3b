-- requires: _cron_time_zone, _fires, _get_setting
-- When jobs of one kind are to run. set_setting has checked that; what came into
-- the settings in another way must not get into pg_cron, which takes schedules
-- that never fire, nor into our tables, where the view jobs would fail on it.
create or replace function @extschema@._job_schedule(p_kind text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule text := @extschema@._get_setting(p_kind || '_schedule');
    v_never boolean := false;
begin
    if v_schedule <> 'off' then
        v_never := not exists (select from @extschema@._fires(v_schedule, @extschema@._cron_time_zone(), now(), null, 1));
    end if;
    if v_never then
        raise exception 'the schedule "%" never fires', v_schedule using errcode = 'invalid_parameter_value';
    end if;
    return v_schedule;
exception
    when invalid_parameter_value then
        raise exception 'setting %_schedule is "%": %', p_kind, v_schedule, sqlerrm
            using errcode = 'invalid_parameter_value',
            hint = format('pytelemetry-db schedule set %s ''%s''', p_kind, (
                select s.default_value from @extschema@._setting as s where s.name = p_kind || '_schedule'
            ));
end
$$;
comment on function @extschema@._job_schedule(text) is
'When jobs of one kind are to run; an error for a schedule that nobody checked.';
