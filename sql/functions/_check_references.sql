-- requires: _reached, _holds_of
-- What foreign keys make of a DELETE. Refused: a cascade that comes back to the
-- table itself, where it would take rows that are not expired, or that reaches
-- rows under a hold; a big referencing table without an index. Told: what
-- becomes of the rows that reference a deleted one.
create or replace function @extschema@._check_references(p_relation_id oid)
returns table (check_id text, level text, detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with reached as (
        select r.relation_id, r.is_deleted, r.is_own from @extschema@._reached(p_relation_id) as r
    ),

    keys as (
        select
            c.conname, c.conrelid, c.conkey, c.confrelid, c.confdeltype, r.relkind,
            (
                select string_agg(quote_ident(a.attname), ', ' order by u.position)
                from unnest(c.conkey) with ordinality as u (attnum, position)
                inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = u.attnum
            ) as columns,
            c.confdeltype in ('n', 'd') and exists (
                select from pg_attribute as a
                where
                    a.attrelid = c.conrelid and a.attnum = any(coalesce(c.confdelsetcols, c.conkey)) and a.attnotnull
                    and (c.confdeltype = 'n' or not a.atthasdef)
            ) as is_not_null
        from pg_constraint as c
        inner join pg_class as r on r.oid = c.conrelid
        where
            c.contype = 'f' and c.conparentid = 0
            and c.confrelid in (select e.relation_id from reached as e where e.is_deleted)
    )

    select
        'foreign_key' as check_id,
        case when pg_relation_size(k.conrelid) > 8388608 or k.relkind = 'p' then 'error' else 'warning' end as level,
        format(
            'foreign key %I of %s has no index on (%s): every deleted row would scan that table',
            k.conname, k.conrelid::regclass, k.columns
        ) as detail,
        format(
            'create index %son %s (%s);', case when k.relkind = 'p' then '' else 'concurrently ' end, k.conrelid::regclass, k.columns
        ) as fix
    from keys as k
    where not exists (
        select from pg_index as i
        where
            i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
            and (i.indkey::smallint [])[0:cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey
    )
    union all
    select
        'foreign_key', 'error',
        format('foreign key %I of %s deletes what references a deleted row, and would take rows that are not expired', k.conname, k.conrelid::regclass),
        format('alter table %s drop constraint %I; -- or make it on delete set null', k.conrelid::regclass, k.conname)
    from keys as k
    where k.confdeltype = 'c' and k.conrelid in (select e.relation_id from reached as e where e.is_own)
    union all
    select distinct
        'foreign_key_hold', 'error',
        format('rows of %s are deleted with the rows they reference, and that table has holds', e.relation_id::regclass),
        'Release the holds (view holds), or make its foreign key on delete restrict.'
    from reached as e
    inner join pg_class as c on c.oid = e.relation_id
    inner join pg_namespace as n on n.oid = c.relnamespace
    where e.is_deleted and not e.is_own and @extschema@._holds_of(c.oid, n.nspname, c.relname) is not null
    union all
    select
        'foreign_key', 'note',
        case
            when k.confdeltype = 'c' then format(
                'foreign key %I deletes the rows of %s that reference a deleted row, expired or not; they are not counted',
                k.conname, k.conrelid::regclass
            )
            when k.confdeltype in ('n', 'd') and not k.is_not_null then format(
                'foreign key %I sets the rows of %s that reference a deleted row to %s',
                k.conname, k.conrelid::regclass, case k.confdeltype when 'n' then 'null' else 'default' end
            )
            else format(
                'foreign key %I: a row that %s references cannot go; a batch that meets one fails, and the pass with it',
                k.conname, k.conrelid::regclass
            )
        end,
        case
            when k.confdeltype = 'c' then format('To see how many there are: select count(*) from %s;', k.conrelid::regclass)
            when k.confdeltype in ('n', 'd') and not k.is_not_null
                then format('Its update triggers fire, and %s grows dead rows that autovacuum has to keep up with.', k.conrelid::regclass)
            else format('Give %s a policy with a shorter keep, or a foreign key that deletes its rows too.', k.conrelid::regclass)
        end
    from keys as k
    where not (k.confdeltype = 'c' and k.conrelid in (select e.relation_id from reached as e where e.is_own))
    order by 1, 3
$$;
comment on function @extschema@._check_references(oid) is
'Preflight: what foreign keys make of a DELETE.';
