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
        case n.number
            when 1 then format('no index of %s leads with %I: every pass reads the whole table', n.first, p_time_column)
            else format('no index of %s partitions leads with %I, %s and others: every pass reads them whole', n.number, p_time_column, n.first)
        end,
        format('create index concurrently on %s (%I);%s', n.first, p_time_column, case when n.number > 1 then ' -- and so on each' end)
    from (
        select count(*) as number, min(format('%I.%I', l.schema_name, l.table_name)) as first
        from @extschema@._leaves(p_relation_id) as l
        where not @extschema@._has_index(l.relation_id, p_time_column)
    ) as n
    where n.number > 0
$$;
comment on function @extschema@._check_index(oid, name) is
'Preflight: leaf tables without an index that serves the pass.';
