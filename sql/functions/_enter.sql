-- requires: _schema
-- First in every transaction of a pass. Takes the installation's lock in shared
-- mode, which an upgrade takes exclusively, and tells whether the caller's own
-- release is still the installed one. Frozen: its signature and meaning never
-- change, because it is all that a pass of an older release may call.
create or replace function @extschema@._enter(p_version text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(
        hashtextextended('pytelemetry_db:' || @extschema@._schema(), 0)
    );
    return exists (
        select from @extschema@._installation as i where i.version = p_version
    );
end
$$;
comment on function @extschema@._enter(text) is
'Takes the installation lock shared; true while p_version is the installed version.';
