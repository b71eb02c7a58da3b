-- First in every transaction of a pass. Takes the installation's lock in shared
-- mode, which an upgrade takes exclusively, and tells whether the caller's own
-- release is still the installed one. Frozen: its signature and meaning never
-- change, because it is all that a pass of an older release may call. So it calls
-- nothing of ours, and reads no table of ours before it has the lock.
create or replace function @extschema@._enter(p_version text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_installed record;
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('pytelemetry_db:' || n.nspname, 0))
    from pg_type as t
    inner join pg_namespace as n on n.oid = t.typnamespace
    where t.oid = pg_typeof(null::@extschema@._installation);
    select i.version, i.has_code into v_installed from @extschema@._installation as i;
    if not v_installed.has_code then
        raise exception 'pytelemetry_db was uninstalled, only its data is here'
            using errcode = 'object_not_in_prerequisite_state', hint = 'Install it again: pytelemetry-db install.';
    end if;
    return coalesce(v_installed.version = p_version, false);
end
$$;
comment on function @extschema@._enter(text) is
'Takes the installation lock shared; true while p_version is the installed version.';
