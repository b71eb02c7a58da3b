-- requires: _leaves
-- Can an index serve the pass? A usable one is a valid, complete B-tree that
-- leads with the time column. Without one every batch reads the whole table.
create or replace function @extschema@._check_index(p_relation_id oid, p_time_column name)
returns table (check_id text, level text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        'index', 'warning',
        format('no index of %I.%I leads with %I: every batch reads the whole table', l.schema_name, l.table_name, p_time_column),
        format('create index concurrently on %I.%I (%I);', l.schema_name, l.table_name, p_time_column)
    from @extschema@._leaves(p_relation_id) as l
    where not exists (
        select from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        inner join pg_am as m on m.oid = c.relam
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where
            i.indrelid = l.relation_id and i.indisvalid and i.indisready
            and i.indpred is null and m.amname = 'btree' and a.attname = p_time_column
    )
    order by 3
$$;
comment on function @extschema@._check_index(oid, name) is
'Preflight: leaf tables without an index that serves the pass.';
