-- What health has to know of conversions, for those that run with the rights of a
-- reader. Runs with its owner's rights, takes no argument and only reads.
create or replace function @extschema@._health_conversion_states()
returns table (
    schema_name name,
    table_name name,
    step text,
    boundary timestamptz,
    tries integer,
    last_error text,
    started_at timestamptz,
    changed_at timestamptz,
    finished_at timestamptz
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select c.schema_name, c.table_name, c.step, c.boundary, c.tries, c.last_error, c.started_at, c.changed_at, c.finished_at
    from @extschema@._conversion as c
$$;
comment on function @extschema@._health_conversion_states() is
'What health has to know of conversions, for readers of the view health.';
