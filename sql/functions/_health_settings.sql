-- The settings of health, for checks that run with the rights of a reader. Runs
-- with its owner's rights, takes no argument and only reads.
create or replace function @extschema@._health_settings()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_object_agg(s.name, coalesce(v.value, s.default_value))
    from @extschema@._setting as s
    left join @extschema@._setting_value as v on v.name = s.name
    where s.name ~ '^health_'
$$;
comment on function @extschema@._health_settings() is
'The settings of health, for readers of its view.';
