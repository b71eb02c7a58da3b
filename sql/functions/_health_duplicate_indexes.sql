-- requires: _health_finding, _health_settings
-- health: indexes that are the same as another one on their table, larger than
-- the setting health_index_size. One that a constraint needs is never the one to
-- go.
create or replace function @extschema@._health_duplicate_indexes()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'warning', format('%I.%I', n.nspname, c.relname),
        format('it is the same as %s', (array_agg(format('%I', d.relname) order by d.oid))[1]), c.relpages::bigint * s.block, 'bytes', s.most, 'exact', null,
        format('drop index concurrently %I.%I;', n.nspname, c.relname), 'SHARE UPDATE EXCLUSIVE'
    )
    from pg_index as i
    inner join pg_class as c on c.oid = i.indexrelid and c.relkind = 'i' and not c.relispartition
    inner join pg_namespace as n on n.oid = c.relnamespace and n.nspname !~ '^pg_'
    inner join pg_index as j on
        j.indrelid = i.indrelid and j.indexrelid <> i.indexrelid and j.indisvalid
        and (j.indkey, j.indclass, j.indcollation, j.indoption) = (i.indkey, i.indclass, i.indcollation, i.indoption)
        and j.indpred::text is not distinct from i.indpred::text and j.indexprs::text is not distinct from i.indexprs::text
        -- The other one does all that this one does, and among equals the older stays.
        and (j.indisunique and not i.indisunique or j.indisunique = i.indisunique and j.indexrelid < i.indexrelid)
    inner join pg_class as d on d.oid = j.indexrelid and d.relam = c.relam
    cross join (
        select @extschema@._health_settings() ->> 'health_index_size', current_setting('block_size')::bigint
    ) as s (most, block)
    where
        c.relpages::bigint * s.block > case s.most when 'off' then null else pg_size_bytes(s.most) end
        and not i.indisreplident and not i.indisprimary
        and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    group by n.nspname, c.relname, c.relpages, s.block, s.most
$$;
comment on function @extschema@._health_duplicate_indexes() is
'health: indexes that are the same as another one.';
