-- requires: _health_finding
-- health: how near transaction and multixact IDs are to their end, with the
-- table that holds them back. Half way is a warning, three quarters critical.
create or replace function @extschema@._health_wraparound()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when d.ids > 1600000000 then 'critical' when d.ids > 1050000000 then 'warning' else 'ok' end,
        null, format('%s of 2100 million %s are used; oldest: %s', d.ids / 1000000, d.kind, coalesce(d.relation, 'unknown')), d.ids, d.kind, '1050 million',
        'exact', null,
        case when d.ids > 1050000000 then format('vacuum (freeze) %s;', d.relation) end, 'SHARE UPDATE EXCLUSIVE'
    )
    from (
        select
            'transaction IDs' as kind, age(b.datfrozenxid)::bigint as ids,
            (
                select format('%I.%I', n.nspname, c.relname)
                from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
                where c.relkind in ('r', 'm', 't') and c.relfrozenxid <> '0' order by age(c.relfrozenxid) desc limit 1
            ) as relation
        from pg_database as b
        where b.datname = current_database()
        union all
        select
            'multixact IDs', mxid_age(b.datminmxid)::bigint,
            (
                select format('%I.%I', n.nspname, c.relname)
                from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
                where c.relkind in ('r', 'm', 't') and c.relminmxid <> '0' order by mxid_age(c.relminmxid) desc limit 1
            )
        from pg_database as b
        where b.datname = current_database()
    ) as d
$$;
comment on function @extschema@._health_wraparound() is
'health: how near transaction IDs are to wraparound.';
