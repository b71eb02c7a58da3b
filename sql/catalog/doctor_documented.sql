-- doctor: what the operators' guide recommends, beside what is set here. Never
-- advises to lower anything: information, and the statement for the tables' settings.
select
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
    'documented_autovacuum' as check_id,
    'note' as level,
    'the guide recommends autovacuum_vacuum_scale_factor ' || v.vacuum_factor || ' and autovacuum_analyze_scale_factor '
    || v.analyze_factor
    || '; here they are ' || o.vacuum_factor || ' and ' || o.analyze_factor as detail,
    'alter table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    || ' set (autovacuum_vacuum_scale_factor = '
    || v.vacuum_factor || ', autovacuum_analyze_scale_factor = ' || v.analyze_factor || ');' as fix
from (values ('events_seen', 0.05, 0.02), ('agg_1m', 0.1, 0.05)) as v (table_name, vacuum_factor, analyze_factor)
inner join pg_catalog.pg_class as c on v.table_name = c.relname and c.relkind = 'r'
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join
    lateral (
        select
            coalesce(
                max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_scale_factor'),
                pg_catalog.current_setting('autovacuum_vacuum_scale_factor')
            )::numeric as vacuum_factor,
            coalesce(
                max(r.option_value) filter (where r.option_name = 'autovacuum_analyze_scale_factor'),
                pg_catalog.current_setting('autovacuum_analyze_scale_factor')
            )::numeric as analyze_factor
        from pg_catalog.pg_options_to_table(c.reloptions) as r
    ) as o
-- A lower factor comes more often: nothing to advise.
where o.vacuum_factor > v.vacuum_factor or o.analyze_factor > v.analyze_factor
union all
select
    null::text as name,
    'documented_settings' as check_id,
    'note' as level,
    'max_connections ' || pg_catalog.current_setting('max_connections')
    || ', shared_buffers ' || pg_catalog.current_setting('shared_buffers')
    || ', effective_cache_size ' || pg_catalog.current_setting('effective_cache_size')
    || '; the guide''s baseline is 100, 256MB and 1GB' as detail,
    null::text as fix;
