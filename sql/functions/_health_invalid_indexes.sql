-- requires: _health_finding
-- health: indexes that a failed CREATE INDEX or REINDEX CONCURRENTLY left. Not
-- those of partitioned tables, which wait for the indexes of partitions, nor one
-- that is being built.
create or replace function @extschema@._health_invalid_indexes()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', n.nspname, c.relname),
        format(
            'it is invalid: %s', case when i.indisready then 'every write pays for it, no query uses it' else 'it is dead weight' end
        ),
        c.relpages::bigint * current_setting('block_size')::bigint, 'bytes', null, 'exact', null,
        case
            when k.oid is not null or c.relispartition then format('reindex index concurrently %I.%I;', n.nspname, c.relname)
            else format('drop index concurrently %I.%I;', n.nspname, c.relname)
        end,
        'SHARE UPDATE EXCLUSIVE'
    )
    from pg_index as i
    inner join pg_class as c on c.oid = i.indexrelid and c.relkind = 'i'
    inner join pg_namespace as n on n.oid = c.relnamespace
    left join pg_constraint as k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
    where
        not i.indisvalid and n.nspname !~ '^pg_'
        and not exists (select from pg_stat_progress_create_index as b where b.index_relid = i.indexrelid or b.relid = i.indrelid)
$$;
comment on function @extschema@._health_invalid_indexes() is
'health: indexes that are not valid.';
