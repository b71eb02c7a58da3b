-- requires: _leaves, _reached
-- What else a DELETE sets in motion: rules that make it another statement,
-- triggers that resolve names by our pinned search_path, also of the tables that
-- foreign keys lead to, or that may keep rows; publications. And what an unlogged
-- table means.
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
    ),

    -- The columns by which a subscriber finds the row that was deleted; null without any.
    identities as (
        select
            l.relation_id,
            (
                select array_agg(a.attname)
                from pg_class as c
                inner join pg_index as x on x.indrelid = c.oid and x.indimmediate
                inner join pg_attribute as a on a.attrelid = c.oid and a.attnum = any(x.indkey)
                where
                    c.oid = l.relation_id
                    and case c.relreplident when 'd' then x.indisprimary when 'i' then x.indisreplident else false end
            ) as columns
        from @extschema@._leaves(p_relation_id) as l
    )

    select distinct
        'delete_trigger', 'error',
        format(
            '%s trigger %I%s calls %s, which has no search_path of its own; a pass pins search_path to pg_catalog',
            case when e.is_deleted then 'delete' else 'update' end, t.tgname,
            case when e.is_own then '' else format(' of %s', t.tgrelid::regclass) end, p.oid::regprocedure
        ),
        format('alter function %s set search_path = %I, pg_temp;', p.oid::regprocedure, n.nspname)
    from @extschema@._reached(p_relation_id) as e
    inner join pg_trigger as t on t.tgrelid = e.relation_id
    inner join pg_proc as p on p.oid = t.tgfoid
    inner join pg_namespace as n on n.oid = p.pronamespace
    where
        not t.tgisinternal
        and t.tgenabled in ('O', 'A')
        and t.tgtype & case when e.is_deleted then 8 else 16 end <> 0
        and n.nspname <> 'pg_catalog'
        and not exists (select from unnest(p.proconfig) as s (setting) where s.setting like 'search\_path=%')
    union all
    select
        'delete_trigger', 'note',
        format('trigger %I of %s runs before each delete: rows that it keeps stay, and every pass meets them again', t.tgname, t.tgrelid::regclass),
        'Say it in the condition of the policy, if there are rows that must stay.'
    from pg_trigger as t
    where
        t.tgrelid in (select m.relation_id from members as m)
        and not t.tgisinternal and t.tgparentid = 0
        and t.tgenabled in ('O', 'A')
        -- For each row, before, on delete.
        and t.tgtype & 11 = 11
    union all
    select
        'unlogged', 'note',
        format('%s is unlogged: a crash empties it, expired or not, and standbys have none of it', c.oid::regclass),
        format('alter table %s set logged; -- writes all of it to the WAL', c.oid::regclass)
    from pg_class as c
    where c.oid in (select m.relation_id from members as m) and c.relpersistence = 'u' and c.relkind = 'r'
    union all
    select
        'delete_rule', 'error',
        format('rule %I of %s makes another statement of a DELETE, and its rows cannot be counted', r.rulename, r.ev_class::regclass),
        format('drop rule %I on %s;', r.rulename, r.ev_class::regclass)
    from pg_rewrite as r
    where r.ev_class in (select m.relation_id from members as m) and r.ev_type = '4' and r.ev_enabled in ('O', 'A')
    union all
    select
        'publication', case when i.columns is null and c.relreplident <> 'f' then 'error' else 'warning' end,
        format(
            'publication %I carries the deletes of %s to its subscribers%s', pu.pubname, c.oid::regclass,
            case when i.columns is null and c.relreplident <> 'f'
                    then ', and the table has no replica identity: DELETE would fail'
                else ''
            end
        ),
        format('alter publication %I set (publish = ''insert, update''); -- if the subscribers keep their rows', pu.pubname)
    from pg_publication as pu
    inner join pg_publication_tables as pt on pt.pubname = pu.pubname
    inner join pg_namespace as n on n.nspname = pt.schemaname
    inner join pg_class as r on r.relnamespace = n.oid and r.relname = pt.tablename
    -- One that publishes by the root shows only that; the identity is the leaf's.
    inner join pg_class as c on r.oid in (c.oid, p_relation_id)
    inner join identities as i on i.relation_id = c.oid
    where pu.pubdelete
    union all
    select
        'publication', 'error',
        format(
            'publication %I chooses rows or columns of %s by columns outside its replica identity: DELETE would fail',
            pu.pubname, c.oid::regclass
        ),
        format('alter publication %I set (publish = ''insert''); -- or give the table a replica identity that has them', pu.pubname)
    from pg_publication_rel as pr
    inner join pg_publication as pu on pu.oid = pr.prpubid
    inner join pg_class as c on pr.prrelid in (c.oid, p_relation_id)
    inner join identities as i on i.relation_id = c.oid
    where
        pu.pubdelete
        and (
            c.relreplident <> 'f' and exists (
                select from regexp_matches(pr.prqual::text, ':varattno (\d+)', 'g') as v (numbers)
                inner join pg_attribute as a on a.attrelid = pr.prrelid and a.attnum = v.numbers[1]::smallint
                where a.attname <> all(i.columns)
            )
            or pr.prattrs is not null and (
                c.relreplident = 'f' or not i.columns operator(pg_catalog.<@) (
                    select array_agg(a.attname) from pg_attribute as a
                    where a.attrelid = pr.prrelid and a.attnum = any(pr.prattrs)
                )
            )
        )
    order by 1, 3
$$;
comment on function @extschema@._check_dependents(oid) is
'Preflight: triggers, rules and publications that a DELETE sets in motion.';
