-- requires: _health_finding, _health_settings
-- health: how near transaction and multixact IDs are to their end, with the
-- table that holds them back, by the settings health_wraparound and
-- health_wraparound_critical: half way, and three quarters.
create or replace function @extschema@._health_wraparound()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case when d.ids >= s.critical then 'critical' when d.ids > s.warning then 'warning' else 'ok' end,
        d.kind, format('%s of 2100 million are used; oldest: %s', round(d.ids / 1e6, 1), coalesce(d.relation, 'unknown')), d.ids, 'IDs', s.warning::text,
        'exact', null,
        case when d.ids > s.warning then format('vacuum (freeze) %s;', d.relation) end, 'SHARE UPDATE EXCLUSIVE'
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
    cross join (
        select (j ->> 'health_wraparound')::bigint, (j ->> 'health_wraparound_critical')::bigint
        from @extschema@._health_settings() as j
    ) as s (warning, critical)
$$;
comment on function @extschema@._health_wraparound() is
'health: how near transaction IDs are to wraparound.';
