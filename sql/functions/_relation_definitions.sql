-- requires: _privileges
-- Tables, views and sequences of a schema with all that hangs on them. NOT NULL
-- is read from the column, because only newer servers keep it as a constraint.
create or replace function @extschema@._relation_definitions(p_schema name)
returns table (kind text, identity text, aspect text, definition text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with relation as (
        select
            c.oid, c.relowner, c.relacl, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence,
            c.relreplident, c.reloptions, quote_ident(c.relname) as name,
            case c.relkind
                when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
                when 'S' then 'sequence' when 'f' then 'foreign table' when 'c' then 'type'
            end as kind
        from pg_class as c
        where
            c.relnamespace = (select n.oid from pg_namespace as n where n.nspname = p_schema)
            and c.relkind not in ('i', 'I', 't')
    )

    select r.kind, r.name, a.aspect, a.definition
    from relation as r
    cross join lateral (
        values
        ('owner', pg_get_userbyid(r.relowner)::text),
        ('grants', @extschema@._privileges(r.relacl, case r.relkind when 'S' then 's' else 'r' end, r.relowner)),
        ('attributes', concat_ws(
            ', ', case r.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
            case when r.relkind in ('r', 'p') and r.relreplident <> 'd' then 'replica identity ' || r.relreplident::text end,
            case when r.relrowsecurity then 'row security' end, case when r.relforcerowsecurity then 'row security forced' end,
            (select 'child of ' || string_agg(h.inhparent::regclass::text, ', ' order by h.inhseqno) from pg_inherits as h where h.inhrelid = r.oid),
            array_to_string(r.reloptions, ', ')
        )),
        ('definition', case
            when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid)
            when r.relkind = 'S' then (
                select format(
                    '%s start %s increment %s from %s to %s cache %s cycle %s',
                    format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
                )
                from pg_sequence as s
                where s.seqrelid = r.oid
            )
        end),
        ('order of columns', (
            select string_agg(quote_ident(c.attname), ', ' order by c.attnum)
            from pg_attribute as c
            where c.attrelid = r.oid and c.attnum > 0 and not c.attisdropped and r.relkind <> 'S'
        ))
    ) as a (aspect, definition)
    where a.definition is not null
    union all
    select 'column', r.name || '.' || quote_ident(c.attname), a.aspect, a.definition
    from relation as r
    inner join pg_attribute as c on c.attrelid = r.oid and c.attnum > 0 and not c.attisdropped
    inner join pg_type as t on t.oid = c.atttypid
    left join pg_attrdef as d on d.adrelid = c.attrelid and d.adnum = c.attnum
    cross join lateral (
        values
        ('type', concat_ws(
            ' ', format_type(c.atttypid, c.atttypmod),
            case when c.attcollation <> t.typcollation then 'collate ' || c.attcollation::regcollation::text end,
            nullif('identity ' || c.attidentity::text, 'identity '), nullif('generated ' || c.attgenerated::text, 'generated ')
        )),
        ('not null', case when c.attnotnull then 'not null' end),
        ('default', pg_get_expr(d.adbin, d.adrelid)),
        ('attributes', concat_ws(
            ', ', case when c.attstorage <> t.typstorage then 'storage ' || c.attstorage::text end,
            nullif('compression ' || c.attcompression::text, 'compression '),
            -- Only what ALTER TABLE can set: there are servers that keep marks of their own here.
            (select string_agg(o.option, ', ' order by o.option) from unnest(c.attoptions) as o (option) where o.option like 'n\_distinct%')
        )),
        ('grants', @extschema@._privileges(c.attacl, 'c', r.relowner))
    ) as a (aspect, definition)
    where r.relkind <> 'S' and a.definition <> ''
    union all
    select 'index', r.name || '.' || quote_ident(i.relname), 'definition', concat_ws(
        ' ', pg_get_indexdef(x.indexrelid), case when not x.indisvalid then 'invalid' end, case when not x.indisready then 'not ready' end
    )
    from relation as r
    inner join pg_index as x on x.indrelid = r.oid
    inner join pg_class as i on i.oid = x.indexrelid
    union all
    select 'constraint', r.name || '.' || quote_ident(k.conname), 'definition', concat_ws(
        ' ', pg_get_constraintdef(k.oid),
        case when exists (select from pg_trigger as t where t.tgconstraint = k.oid and t.tgisinternal and t.tgenabled <> 'O') then 'disabled' end
    )
    from relation as r
    inner join pg_constraint as k on k.conrelid = r.oid and k.contype <> 'n'
    union all
    select 'trigger', r.name || '.' || quote_ident(t.tgname), 'definition', pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    from relation as r
    inner join pg_trigger as t on t.tgrelid = r.oid and not t.tgisinternal
    union all
    select 'rule', r.name || '.' || quote_ident(w.rulename), 'definition', pg_get_ruledef(w.oid) || ' ' || w.ev_enabled::text
    from relation as r
    inner join pg_rewrite as w on w.ev_class = r.oid and w.rulename <> '_RETURN'
    union all
    select 'row policy', r.name || '.' || quote_ident(p.polname), 'definition', concat_ws(
        ' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    )
    from relation as r
    inner join pg_policy as p on p.polrelid = r.oid
$$;
comment on function @extschema@._relation_definitions(name) is
'Tables, views and sequences of a schema with all that hangs on them.';
