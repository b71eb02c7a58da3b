-- requires: _copy_privileges
-- Makes a table that is to become a partition, not attached yet, so that nobody waits
-- for it: as the parent defines it, and with what its newest sibling has besides:
-- access method, tablespace, storage options, persistence, indexes and keys of its own,
-- statistics targets, owner, privileges. Identity is the parent's business in every version.
create or replace function @extschema@._make_partition(p_parent oid, p_sibling oid, p_schema name, p_name name)
returns oid
language plpgsql
set search_path = pg_catalog, pg_temp
set default_tablespace = ''
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_parent pg_class;
    v_model pg_class;
    v_options text;
    v_table text := format('%I.%I', p_schema, p_name);
    v_oid oid;
    v_item record;
begin
    select c.* into strict v_parent from pg_class as c where c.oid = p_parent;
    select c.* into strict v_model from pg_class as c where c.oid = coalesce(p_sibling, p_parent);
    select string_agg(format('%s = %L', o.name, o.value), ', ') into v_options
    from (
        select split_part(r.option, '=', 1) as name, substr(r.option, strpos(r.option, '=') + 1) as value
        from unnest(v_model.reloptions) as r (option)
        union all
        select 'toast.' || split_part(r.option, '=', 1), substr(r.option, strpos(r.option, '=') + 1)
        from pg_class as t
        cross join unnest(t.reloptions) as r (option)
        where t.oid = v_model.reltoastrelid
    ) as o;
    execute format(
        'create %s %s (like %s including all excluding identity)%s%s%s',
        case v_model.relpersistence when 'u' then 'unlogged table' else 'table' end, v_table, @extschema@._qualified_name(p_parent),
        (select format(' using %I', a.amname) from pg_am as a where a.oid = v_model.relam),
        case when v_model.relkind = 'r' and v_options is not null then format(' with (%s)', v_options) end,
        (select format(' tablespace %I', s.spcname) from pg_tablespace as s where s.oid = coalesce(nullif(v_model.reltablespace, 0), v_parent.reltablespace))
    );
    v_oid := to_regclass(v_table)::oid;
    if p_sibling is not null then
        for v_item in
            -- Keys that are the sibling's own, then its indexes; what the parent has, LIKE has made.
            select pg_get_constraintdef(k.oid) as definition, true as is_constraint, false as is_unique, k.contype <> 'p' as is_later
            from pg_constraint as k
            where k.conrelid = p_sibling and k.contype in ('p', 'u', 'x', 'f') and k.conparentid = 0
            union all
            select substr(pg_get_indexdef(x.indexrelid), length(h.head) + 1), false, x.indisunique, true
            from pg_index as x
            inner join pg_class as i on i.oid = x.indexrelid
            cross join lateral (
                select format(
                    'CREATE %sINDEX %I ON %s', case when x.indisunique then 'UNIQUE ' else '' end, i.relname,
                    @extschema@._qualified_name(p_sibling)
                ) as head
            ) as h
            where
                x.indrelid = p_sibling and x.indisvalid and starts_with(pg_get_indexdef(x.indexrelid), h.head)
                and not exists (select from pg_inherits as n where n.inhrelid = x.indexrelid)
                and not exists (select from pg_constraint as k where k.conindid = x.indexrelid and k.conrelid = p_sibling)
            order by is_later
        loop
            if v_item.is_constraint then
                execute format('alter table %s add %s', v_table, v_item.definition);
            else
                execute format('create %s on %s%s', case when v_item.is_unique then 'unique index' else 'index' end, v_table, v_item.definition);
            end if;
        end loop;
    end if;
    for v_item in
        select a.attname, a.attstattarget, array_to_string(a.attoptions, ', ') as options
        from pg_attribute as a
        where a.attrelid = v_model.oid and a.attnum > 0 and not a.attisdropped and (a.attstattarget >= 0 or a.attoptions is not null)
    loop
        if v_item.attstattarget >= 0 then
            execute format('alter table %s alter column %I set statistics %s', v_table, v_item.attname, v_item.attstattarget);
        end if;
        if v_item.options is not null then
            execute format('alter table %s alter column %I set (%s)', v_table, v_item.attname, v_item.options);
        end if;
    end loop;
    perform @extschema@._copy_privileges(v_model.oid, v_oid);
    return v_oid;
end
$$;
comment on function @extschema@._make_partition(oid, oid, name, name) is
'Makes a table that is to become a partition, with all that its siblings have.';
