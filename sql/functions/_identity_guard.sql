-- requires: _identity, _get_setting
-- Is this database still the one we were installed in? Returns no row when it
-- is, else the guard that suspends every policy until confirm() is called.
-- guard "promotion" is returned only when the setting on_promotion says so.
create or replace function @extschema@._identity_guard()
returns table (guard text, detail text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'copy',
        case
            when d.system_identifier <> h.system_identifier then format(
                'this server (system identifier %s) is not the one that was installed on (%s): a restored or upgraded copy',
                d.system_identifier, h.system_identifier
            )
            else format(
                'this database (oid %s) is not the one that was installed in (oid %s): a restored dump or a copy made from a template',
                d.database_oid, h.database_oid
            )
        end
    from @extschema@._home as h
    cross join @extschema@._identity() as d
    where (d.system_identifier, d.database_oid) <> (h.system_identifier, h.database_oid)
    union all
    select
        'promotion',
        format('the timeline changed from %s to %s: a failover, or a promoted copy', h.timeline, d.timeline)
    from @extschema@._home as h
    cross join @extschema@._identity() as d
    where
        d.timeline <> h.timeline
        and (d.system_identifier, d.database_oid) = (h.system_identifier, h.database_oid)
        and @extschema@._get_setting('on_promotion') = 'suspend';
end
$$;
comment on function @extschema@._identity_guard() is
'The guard (copy, promotion) that suspends everything, with its reason; no row when all is well.';
