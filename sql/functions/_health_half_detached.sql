-- requires: _health_finding, partition_sets, _schema
-- health: partitions whose concurrent detach was not finished.
create or replace function @extschema@._health_half_detached()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', cn.nspname, c.relname),
        format('its concurrent detach from %I.%I was not finished: no query of the whole sees its rows', s.schema_name, s.table_name),
        s.half_detached, 'partitions', null, 'exact', null,
        format('alter table %I.%I detach partition %I.%I finalize', s.schema_name, s.table_name, cn.nspname, c.relname), 'ACCESS EXCLUSIVE'
    )
    from @extschema@.partition_sets as s
    inner join pg_namespace as n on s.schema_name = n.nspname
    inner join pg_class as p on n.oid = p.relnamespace and s.table_name = p.relname
    inner join pg_inherits as i on p.oid = i.inhparent
    inner join pg_class as c on i.inhrelid = c.oid
    inner join pg_namespace as cn on c.relnamespace = cn.oid
    where i.inhdetachpending and s.half_detached > 0
$$;
comment on function @extschema@._health_half_detached() is
'health: partitions whose concurrent detach was not finished.';
