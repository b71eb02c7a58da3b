-- What checks have to know of the policies, for those that run with the rights of
-- a reader. Runs with its owner's rights, takes no argument and only reads.
create or replace function @extschema@._health_policies()
returns table (
    relation_id oid,
    schema_name name,
    table_name name,
    time_column name,
    max_size bigint
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.relation_id, p.schema_name, p.table_name, p.time_column, p.max_size
    from @extschema@._policy as p
$$;
comment on function @extschema@._health_policies() is
'What checks have to know of the policies, for readers of the view health.';
