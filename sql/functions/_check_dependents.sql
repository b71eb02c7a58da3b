-- requires: _leaves
-- What else a DELETE sets in motion: rules that make it another statement,
-- triggers that resolve names by our pinned search_path, foreign keys without
-- an index behind them, publications.
create or replace function @extschema@._check_dependents(p_relation_id oid)
returns table (check_id text, level text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with members as (
        select l.relation_id from @extschema@._leaves(p_relation_id) as l
        union
        select p_relation_id
    )

    select distinct
        'delete_trigger', 'error',
        format(
            'delete trigger %I calls %s, which has no search_path of its own; a pass pins search_path to pg_catalog',
            t.tgname, p.oid::regprocedure
        ),
        format('alter function %s set search_path = %I, pg_temp;', p.oid::regprocedure, n.nspname)
    from pg_trigger as t
    inner join pg_proc as p on p.oid = t.tgfoid
    inner join pg_namespace as n on n.oid = p.pronamespace
    where
        t.tgrelid in (select m.relation_id from members as m)
        and not t.tgisinternal
        and t.tgenabled in ('O', 'A')
        and t.tgtype & 8 = 8
        and n.nspname <> 'pg_catalog'
        and not exists (select from unnest(p.proconfig) as s (setting) where s.setting like 'search\_path=%')
    union all
    select
        'delete_rule', 'error',
        format('rule %I of %s makes another statement of a DELETE, and its rows cannot be counted', r.rulename, r.ev_class::regclass),
        format('drop rule %I on %s;', r.rulename, r.ev_class::regclass)
    from pg_rewrite as r
    where r.ev_class in (select m.relation_id from members as m) and r.ev_type = '4' and r.ev_enabled in ('O', 'A')
    union all
    select
        'foreign_key',
        case when pg_relation_size(k.conrelid) > 8388608 or r.relkind = 'p' then 'error' else 'warning' end,
        format(
            'foreign key %I of %s has no index on (%s): every deleted row would scan that table',
            k.conname, k.conrelid::regclass, k.columns
        ),
        format(
            'create index %son %s (%s);', case when r.relkind = 'p' then '' else 'concurrently ' end, k.conrelid::regclass, k.columns
        )
    from (
        select
            c.conname, c.conrelid, c.conkey,
            (
                select string_agg(quote_ident(a.attname), ', ' order by u.position)
                from unnest(c.conkey) with ordinality as u (attnum, position)
                inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = u.attnum
            ) as columns
        from pg_constraint as c
        where
            c.contype = 'f' and c.confrelid in (select m.relation_id from members as m)
            and c.conparentid = 0
    ) as k
    inner join pg_class as r on r.oid = k.conrelid
    where not exists (
        select from pg_index as i
        where
            i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
            and (i.indkey::smallint [])[0:cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey
    )
    union all
    select
        'publication',
        case when c.relreplident = 'n' or (c.relreplident = 'd' and not exists (
            select from pg_index as i where i.indrelid = c.oid and i.indisprimary
        )) then 'error' else 'warning' end,
        format(
            'publication %I carries the deletes of %s to its subscribers%s', pu.pubname, c.oid::regclass,
            case when c.relreplident = 'n' or (c.relreplident = 'd' and not exists (
                select from pg_index as i where i.indrelid = c.oid and i.indisprimary
            )) then ', and the table has no replica identity: DELETE would fail' else '' end
        ),
        format('alter publication %I set (publish = ''insert, update''); -- if the subscribers keep their rows', pu.pubname)
    from pg_publication as pu
    inner join pg_publication_tables as pt on pt.pubname = pu.pubname
    inner join pg_namespace as n on n.nspname = pt.schemaname
    inner join pg_class as c on c.relnamespace = n.oid and c.relname = pt.tablename
    where pu.pubdelete and c.oid in (select m.relation_id from members as m)
    order by 1, 3
$$;
comment on function @extschema@._check_dependents(oid) is
'Preflight: triggers, foreign keys and publications that a DELETE sets in motion.';
