-- requires: _health_finding, _health_policies
-- health: managed tables without a valid B-tree that leads with the time column;
-- passes then read the whole table.
create or replace function @extschema@._health_time_index()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', p.schema_name, p.table_name), format('no index leads with %I', p.time_column), null, null, null, 'exact', null,
        format(
            'create index%s on %I.%I (%I);', case r.relkind when 'p' then '' else ' concurrently' end, p.schema_name, p.table_name, p.time_column
        ),
        case r.relkind when 'p' then 'SHARE' else 'SHARE UPDATE EXCLUSIVE' end
    )
    from @extschema@._health_policies() as p
    inner join pg_class as r on r.oid = p.relation_id
    where not exists (
        select
        from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        inner join pg_am as m on m.oid = c.relam and m.amname = 'btree'
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = p.relation_id and i.indisvalid and i.indpred is null and a.attname = p.time_column
    )
$$;
comment on function @extschema@._health_time_index() is
'health: managed tables without an index on their time.';
