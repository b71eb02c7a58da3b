-- requires: _health_finding, partition_sets, progress, _schema
-- health: default partitions with rows, which no partition takes; and the CHECK of _drop_proof,
-- when no pass is there any more that needs it.
create or replace function @extschema@._health_default_rows()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', s.schema_name, s.table_name), format('about %s rows are in its default partition %I', s.default_rows, s.default_name),
        s.default_rows, 'rows', null, 'estimated', null,
        case when s.managed_by = 'us' then format('call %I.rotate(%L);', @extschema@._schema(), format('%I.%I', s.schema_name, s.table_name)) else 'Call run_maintenance of pg_partman.' end, 'none'
    )
    from @extschema@.partition_sets as s
    where s.default_rows > 0
    union all
    select @extschema@._health_finding(
        'critical', format('%I.%I', s.schema_name, s.table_name),
        format('a pass that was killed left the CHECK %I on its default partition %I: rows of partitions to come are refused', k.conname, s.default_name),
        null, null, null, 'exact', null,
        format('call %I.rotate(%L);', @extschema@._schema(), format('%I.%I', s.schema_name, s.table_name)), 'ACCESS EXCLUSIVE'
    )
    from @extschema@.partition_sets as s
    inner join pg_namespace as n on s.schema_name = n.nspname
    inner join pg_class as c on n.oid = c.relnamespace and s.table_name = c.relname
    inner join pg_partitioned_table as t on c.oid = t.partrelid
    inner join pg_constraint as k on t.partdefid = k.conrelid and k.conname = 'pytelemetry_db_no_rows'
    where not exists (select from @extschema@.progress as p where p.schema_name = s.schema_name and p.table_name = s.table_name)
$$;
comment on function @extschema@._health_default_rows() is
'health: default partitions with rows, which no partition takes, or that refuse some.';
