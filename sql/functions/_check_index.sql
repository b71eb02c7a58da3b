-- requires: _leaves, _has_index
-- Can an index serve the pass? Without one it reads all pages of the table, once.
create or replace function @extschema@._check_index(p_relation_id oid, p_time_column name)
returns table (check_id text, level text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        'index', 'warning',
        format('no index of %I.%I leads with %I: every pass reads the whole table', l.schema_name, l.table_name, p_time_column),
        format('create index concurrently on %I.%I (%I);', l.schema_name, l.table_name, p_time_column)
    from @extschema@._leaves(p_relation_id) as l
    where not @extschema@._has_index(l.relation_id, p_time_column)
    order by 3
$$;
comment on function @extschema@._check_index(oid, name) is
'Preflight: leaf tables without an index that serves the pass.';
