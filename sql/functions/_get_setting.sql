-- Value of one setting; an unknown name is an error, not null.
create or replace function @extschema@._get_setting(p_name text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_value text;
begin
    select coalesce(v.value, s.default_value) into strict v_value
    from @extschema@._setting as s
    left join @extschema@._setting_value as v on v.name = s.name
    where s.name = p_name;
    return v_value;
end
$$;
comment on function @extschema@._get_setting(text) is
'Value of one setting.';
