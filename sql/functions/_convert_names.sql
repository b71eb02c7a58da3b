-- requires: _unused_name
-- Names for a conversion: of every index and extended statistics object of a
-- table, the one it keeps as a part of the old table ("old") and the one that its
-- counterpart has until the swap ("new"), where it takes over the name.
create or replace function @extschema@._convert_names(p_relation_id oid)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'kind', x.kind, 'id', x.id, 'schema', x.schema_name, 'name', x.name,
        'old', @extschema@._unused_name(x.schema_name, x.name, '_old'),
        'new', @extschema@._unused_name(x.schema_name, x.name, '_new')
    ) order by x.id), '[]')
    from (
        select 'index', c.oid, n.nspname, c.relname
        from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        where i.indrelid = p_relation_id
        union all
        select 'statistics', s.oid, n.nspname, s.stxname
        from pg_statistic_ext as s
        inner join pg_namespace as n on n.oid = s.stxnamespace
        where s.stxrelid = p_relation_id
    ) as x (kind, id, schema_name, name)
$$;
comment on function @extschema@._convert_names(oid) is
'Names that indexes and statistics of a table have before and after a conversion.';
