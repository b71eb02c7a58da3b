-- Has one leaf an index that serves passes and probes: a valid, complete B-tree
-- that leads with the time column?
create or replace function @extschema@._has_index(p_leaf_id oid, p_time_column name)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        inner join pg_am as m on m.oid = c.relam
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where
            i.indrelid = p_leaf_id and i.indisvalid and i.indisready
            and i.indpred is null and m.amname = 'btree' and a.attname = p_time_column
    )
$$;
comment on function @extschema@._has_index(oid, name) is
'Has one leaf an index that leads with the time column?';
