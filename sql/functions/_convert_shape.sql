-- What a conversion built its copy from: columns, indexes, constraints, extended
-- statistics, options, comments and owner of a table. Compared again under the lock of the swap, because somebody may
-- have changed the table in between. The conversion's own CHECK does not count.
create or replace function @extschema@._convert_shape(p_relation_id oid, p_check_name name)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select md5(string_agg(x.part, E'\n' order by x.part))
    from (
        select format(
            'column %s %s %s %s %s %s %s %s %s %s %s %s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, a.attgenerated, a.attcollation, a.attstorage, pg_get_expr(d.adbin, d.adrelid),
            coalesce(a.attstattarget, -1), a.attoptions, a.attcompression, col_description(a.attrelid, a.attnum)
        )
        from pg_attribute as a
        left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
        where a.attrelid = p_relation_id and a.attnum > 0 and not a.attisdropped
        union all
        select format('index %s %s %s', pg_get_indexdef(i.indexrelid), i.indisreplident, obj_description(i.indexrelid, 'pg_class'))
        from pg_index as i
        where i.indrelid = p_relation_id
        union all
        select format('constraint %s %s %s', k.conname, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
        from pg_constraint as k
        where k.conrelid = p_relation_id and k.contype <> 't' and k.conname <> p_check_name
        union all
        select format(
            'statistics %s %s %s %s', s.stxname, pg_get_statisticsobjdef(s.oid), coalesce(s.stxstattarget, -1), obj_description(s.oid, 'pg_statistic_ext')
        )
        from pg_statistic_ext as s
        where s.stxrelid = p_relation_id
        union all
        select format(
            'table %s %s %s %s %s %s', c.relowner, c.relreplident, c.reltablespace, c.reloptions, t.reloptions, obj_description(c.oid, 'pg_class')
        )
        from pg_class as c
        left join pg_class as t on c.reltoastrelid = t.oid
        where c.oid = p_relation_id
    ) as x (part)
$$;
comment on function @extschema@._convert_shape(oid, name) is
'What a conversion built its copy from, to see whether it changed.';
