-- requires: _check_schedule
-- Changes one setting after validating the value against its kind.
create or replace function @extschema@.set_setting(p_name text, p_value text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting @extschema@._setting;
    v_valid boolean;
begin
    select s.* into v_setting from @extschema@._setting as s where s.name = p_name;
    if not found then
        raise exception 'unknown setting "%"', p_name
            using errcode = 'invalid_parameter_value',
            hint = format('Known settings: %s.', (select string_agg(s.name, ', ' order by s.name) from @extschema@._setting as s));
    end if;
    if v_setting.kind = 'schedule' and p_value is not null then
        perform @extschema@._check_schedule(p_name, p_value);
    end if;
    begin
        v_valid := case v_setting.kind
            when 'schedule' then p_value is not null
            when 'choice' then p_value = any(v_setting.choices)
            when 'integer' then p_value::integer > 0
            else p_value::interval > interval '0 s' and p_value !~ '^\s*\d+\s*$'
        end;
    exception
        when data_exception then
            v_valid := false;
    end;
    if v_valid is not true then
        raise exception 'setting "%" cannot be "%"', p_name, p_value
            using errcode = 'invalid_parameter_value',
            hint = case v_setting.kind
                when 'choice' then format('Expected one of: %s.', array_to_string(v_setting.choices, ', '))
                when 'integer' then 'Expected a whole number above 0.'
                when 'schedule' then 'Expected five fields such as ''17 3 * * *'', or off.'
                else 'Expected an interval above 0 that names its unit, such as ''30 days''.'
            end;
    end if;
    insert into @extschema@._setting_value as v (name, value)
    values (p_name, p_value)
    on conflict (name) do update
    set value = excluded.value, changed_at = now(), changed_by = session_user;
end
$$;
comment on function @extschema@.set_setting(text, text) is
'Changes one setting of this installation, validated.';
