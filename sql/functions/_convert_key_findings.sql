-- Keys and constraints of a table that a partitioned one cannot have, or only by
-- reading all rows again under a lock that stops everybody.
create or replace function @extschema@._convert_key_findings(p_relation_id oid, p_time_column name)
returns table (detail text, fix text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with named as (
        select @extschema@._qualified_name(p_relation_id) as name
    ),

    indexes as (
        select
            i.indexrelid, i.indisunique, i.indisexclusion, i.indisvalid and i.indisready and i.indislive as is_good, i.indimmediate, c.relname,
            i.indisprimary,
            p_time_column in (
                select a.attname
                from generate_series(0, i.indnkeyatts - 1) as s (n)
                inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[s.n]
            ) as has_time,
            coalesce(to_jsonb(k) ->> 'conperiod', 'false')::boolean as is_period
        from pg_index as i
        inner join pg_class as c on c.oid = i.indexrelid
        left join pg_constraint as k on i.indexrelid = k.conindid and i.indrelid = k.conrelid and k.contype in ('p', 'u', 'x')
        where i.indrelid = p_relation_id
    )

    select
        format(
            '%s %I of %s does not contain %I: across partitions it could not keep rows unique, and deduplication that relies on it would break',
            case when i.indisprimary then 'the primary key' else 'the unique index' end, i.relname, n.name, p_time_column
        ),
        format(
            'Leave %s as it is: cleanup removes its expired rows without partitions. If a row that comes twice always has the same %I, a key of both columns does as well: create unique index concurrently, then put it in place of the old one.',
            n.name, p_time_column
        )
    from indexes as i
    cross join named as n
    where i.indisunique and not i.has_time
    union all
    select
        format('the exclusion constraint %I of %s would hold within each partition only', i.relname, n.name),
        'Leave the table as it is: cleanup works without partitions.'
    from indexes as i
    cross join named as n
    where i.indisexclusion or i.is_period
    union all
    select
        format('the key %I of %s is deferrable, and ON CONFLICT and foreign keys do not take it', i.relname, n.name),
        'Make it one that is not deferrable.'
    from indexes as i
    cross join named as n
    where i.indisunique and not i.indimmediate
    union all
    select
        format('the index %I of %s is not valid', i.relname, n.name),
        format('reindex index concurrently %s; -- or drop it', @extschema@._qualified_name(i.indexrelid))
    from indexes as i
    cross join named as n
    where not i.is_good
    union all
    select
        case
            when k.contype = 'f' and k.confrelid = k.conrelid then format('foreign key %I of %s references the table itself', k.conname, n.name)
            when k.connoinherit and k.contype in ('c', 'n') then format('constraint %I of %s is NO INHERIT, and a partitioned table cannot have it', k.conname, n.name)
            when k.contype = 't' then format('%I of %s is a constraint trigger', k.conname, n.name)
            when k.contype = 'c' and 0 = any(k.conkey) then format('constraint %I of %s is of the whole row, which a copy of the table cannot have', k.conname, n.name)
            when coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'false' then format('constraint %I of %s is not enforced', k.conname, n.name)
            else format('constraint %I of %s is not validated', k.conname, n.name)
        end,
        case
            when k.contype = 'c' and 0 = any(k.conkey) then format('Name columns in it: %s', pg_get_constraintdef(k.oid))
            when k.convalidated or coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'false' or k.contype = 't'
                then format('Drop it, and add it again after the conversion: %s', pg_get_constraintdef(k.oid))
            else format('alter table %s validate constraint %I;', n.name, k.conname)
        end
    from pg_constraint as k
    cross join named as n
    where
        k.conrelid = p_relation_id
        and (
            not k.convalidated or k.contype = 't' or (k.connoinherit and k.contype in ('c', 'n')) or (k.contype = 'f' and k.confrelid = k.conrelid)
            or coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'false' or (k.contype = 'c' and 0 = any(k.conkey))
        )
    union all
    select
        case
            when not k.convalidated then format('foreign key %I of %s is not validated', k.conname, @extschema@._qualified_name(c.oid))
            when c.relkind = 'p' then format('foreign key %I of the partitioned table %s references %s', k.conname, @extschema@._qualified_name(c.oid), n.name)
            else format('foreign key %I of %s references %s, and only its owner may move it', k.conname, @extschema@._qualified_name(c.oid), n.name)
        end,
        case
            when not k.convalidated then format('alter table %s validate constraint %I;', @extschema@._qualified_name(c.oid), k.conname)
            when c.relkind = 'p' then 'Drop it, and add it again after the conversion: it could only be moved by reading all rows under a lock.'
            else format('grant %s to %I; -- or let a role convert that owns both', c.relowner::regrole, current_user)
        end
    from pg_constraint as k
    inner join pg_class as c on c.oid = k.conrelid
    cross join named as n
    where
        k.confrelid = p_relation_id and k.contype = 'f' and k.conrelid <> p_relation_id and k.conparentid = 0
        and (not k.convalidated or c.relkind = 'p' or not pg_has_role(c.relowner, 'USAGE'))
    union all
    -- They are made again, and would be enabled.
    select distinct
        format('foreign key %I of %s is not enforced everywhere: triggers of it are disabled, or set to always or replica', k.conname, @extschema@._qualified_name(k.conrelid)),
        'Enable them (alter table … enable trigger all), and set them as they were after the conversion.'
    from pg_constraint as k
    inner join pg_trigger as t on t.tgconstraint = k.oid
    where p_relation_id in (k.conrelid, k.confrelid) and k.contype = 'f' and t.tgisinternal and t.tgenabled <> 'O'
$$;
comment on function @extschema@._convert_key_findings(oid, name) is
'Keys and constraints that keep a table from being converted.';
