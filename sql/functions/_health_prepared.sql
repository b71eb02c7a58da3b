-- requires: _health_finding, _health_settings
-- health: prepared transactions older than the setting health_long: they hold
-- locks and the horizon, and no session shows them.
create or replace function @extschema@._health_prepared()
returns setof jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        'critical', p.gid, format('prepared by %s at %s', p.owner, p.prepared),
        round(extract(epoch from clock_timestamp() - p.prepared)), 's', s.long::text, 'exact', null, format('rollback prepared %L;', p.gid)
    )
    from pg_prepared_xacts as p
    cross join (select (@extschema@._health_settings() ->> 'health_long')::interval) as s (long)
    where p.database = current_database() and clock_timestamp() - p.prepared > s.long
$$;
comment on function @extschema@._health_prepared() is
'health: prepared transactions that were forgotten.';
