-- requires: _health_finding, _health_policies, _dead_tuples
-- health: autovacuum that is off, or is due on a table for so long that it does
-- not come. Not by the age of the last one: cold tables need none.
create or replace function @extschema@._health_autovacuum()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'critical', null, 'autovacuum is off', null, null, 'on', 'exact', null, 'alter system set autovacuum = on;'
    )
    where not current_setting('autovacuum')::boolean
    union all
    select @extschema@._health_finding(
        'warning', format('%I.%I', d.schema_name, d.table_name),
        case
            when not d.autovacuum then 'autovacuum is off for it'
            else format('%s dead rows, and autovacuum should have come at %s', d.dead_rows, d.autovacuum_at)
        end,
        d.dead_rows, 'rows', d.autovacuum_at::text, 'estimated', clock_timestamp() - d.last_vacuum,
        case
            when not d.autovacuum then format('alter table %I.%I reset (autovacuum_enabled);', d.schema_name, d.table_name)
            else format('vacuum %I.%I;', d.schema_name, d.table_name)
        end,
        'SHARE UPDATE EXCLUSIVE'
    )
    from @extschema@._dead_tuples() as d
    where
        current_setting('autovacuum')::boolean
        and (
            not d.autovacuum and exists (select from @extschema@._health_policies() as p where p.relation_id = d.relation_id)
            or d.dead_rows > 2 * d.autovacuum_at and d.dead_rows > 1000
        )
$$;
comment on function @extschema@._health_autovacuum() is
'health: autovacuum that is off, or does not come where it is due.';
