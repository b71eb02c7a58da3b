-- requires: _check_schedule, _duty, _load, _threshold
-- Changes one setting after validating the value against its kind, and against its
-- pair: what is critical is never less than what is a warning.
create or replace function @extschema@.set_setting(p_name text, p_value text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting @extschema@._setting;
    v_valid boolean;
    v_other text;
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
            when 'duty' then @extschema@._duty(p_value) is not null
            when 'count' then p_value = 'off' or p_value::integer > 0
            when 'size' then p_value = 'off' or pg_size_bytes(p_value) > 0
            when 'age' then p_value = 'off' or (p_value::interval > interval '0 s' and p_value !~ '^\s*\d+\s*$')
            when 'query' then p_value = 'off' or @extschema@._load(p_value) is not null
            else p_value::interval >= coalesce(v_setting.lowest::interval, interval '1 us')
                and p_value::interval <= coalesce(v_setting.highest::interval, interval '1000 years')
                and p_value !~ '^\s*\d+\s*$'
        end;
    exception
        when data_exception or syntax_error_or_access_rule_violation then
            v_valid := false;
    end;
    if v_valid is not true then
        raise exception 'setting "%" cannot be "%"', p_name, p_value
            using errcode = 'invalid_parameter_value',
            hint = case v_setting.kind
                when 'choice' then format('Expected one of: %s.', array_to_string(v_setting.choices, ', '))
                when 'integer' then 'Expected a whole number above 0.'
                when 'schedule' then 'Expected five fields such as ''17 3 * * *'', or off.'
                when 'count' then 'Expected a whole number above 0, or off.'
                when 'size' then 'Expected a size such as ''512 MB'', or off.'
                when 'age' then 'Expected an interval that names its unit, such as ''30 minutes'', or off.'
                when 'query' then 'Expected an expression that gives a number, such as ''(select count(*) from app.queue) / 1000.0'', or off.'
                when 'duty' then 'Expected gentle, normal, full, or a share from 0.01 to 1.'
                else format(
                    'Expected an interval %s that names its unit, such as ''%s''.',
                    coalesce(format('from %s to %s', v_setting.lowest, v_setting.highest), format('of %s or more', v_setting.lowest), 'above 0'),
                    v_setting.default_value
                )
            end;
    end if;
    select coalesce(v.value, s.default_value) into v_other
    from @extschema@._setting as s
    left join @extschema@._setting_value as v on v.name = s.name
    where
        p_name = s.name || '_critical' and @extschema@._threshold(s.kind, p_value) < @extschema@._threshold(s.kind, coalesce(v.value, s.default_value))
        or s.name = p_name || '_critical' and @extschema@._threshold(s.kind, p_value) > @extschema@._threshold(s.kind, coalesce(v.value, s.default_value));
    if found then
        raise exception 'setting "%" cannot be "%": "%" is "%"', p_name, p_value,
            case when p_name ~ '_critical$' then regexp_replace(p_name, '_critical$', '') else p_name || '_critical' end, v_other
            using errcode = 'invalid_parameter_value', hint = 'What is critical cannot be less than what is a warning; change the other one first.';
    end if;
    insert into @extschema@._setting_value as v (name, value)
    values (p_name, p_value)
    on conflict (name) do update
    set value = excluded.value, changed_at = now(), changed_by = session_user;
end
$$;
comment on function @extschema@.set_setting(text, text) is
'Changes one setting of this installation, validated.';
