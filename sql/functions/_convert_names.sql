-- requires: _unused_name
-- Names for a conversion: of every index and extended statistics object of a
-- table, the one it keeps as a part of the old table ("old") and the one that its
-- counterpart has until the swap ("new"), where it takes over the name.
create or replace function @extschema@._convert_names(p_relation_id oid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_item record;
    v_old name;
    v_new name;
    v_number integer;
    v_taken name[] := array[]::name[];
    v_names jsonb := jsonb_build_array();
begin
    for v_item in
        select x.kind, x.id, x.schema_name, x.name
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
        order by x.id
    loop
        v_number := 0;
        loop
            v_old := @extschema@._unused_name(v_item.schema_name, v_item.name, case v_number when 0 then '_old' else format('_old_%s', v_number) end);
            v_new := @extschema@._unused_name(v_item.schema_name, v_item.name, case v_number when 0 then '_new' else format('_new_%s', v_number) end);
            -- Long names are cut, and may be alike then.
            exit when not v_old = any (v_taken) and not v_new = any (v_taken);
            v_number := v_number + 1;
        end loop;
        v_taken := v_taken || v_old || v_new;
        v_names := v_names || jsonb_build_object(
            'kind', v_item.kind, 'id', v_item.id, 'schema', v_item.schema_name, 'name', v_item.name, 'old', v_old, 'new', v_new
        );
    end loop;
    return v_names;
end
$$;
comment on function @extschema@._convert_names(oid) is
'Names that indexes and statistics of a table have before and after a conversion.';
