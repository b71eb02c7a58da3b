-- requires: _schema
-- First statement of every batch. Takes the installation's lock in shared
-- mode, which an upgrade takes exclusively, and tells whether the code that
-- the pass began with is still the installed one. Frozen: its signature and
-- meaning never change, because passes of older versions call it.
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
