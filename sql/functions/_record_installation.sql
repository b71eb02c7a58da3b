-- requires: _identity
-- Called by the install script as its last step: version row and history.
create or replace function @extschema@._record_installation(
    p_version text,
    p_migration integer,
    p_action text,
    p_script_sha256 text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old_version text := (select i.version from @extschema@._installation as i);
begin
    insert into @extschema@._installation as i
        (version, migration, system_identifier, database_oid, timeline)
    select p_version, p_migration, d.system_identifier, d.database_oid, d.timeline
    from @extschema@._identity() as d
    on conflict (only_row) do update
    set version = excluded.version, migration = excluded.migration;
    insert into @extschema@._installation_log (action, from_version, to_version, script_sha256)
    values (p_action, v_old_version, p_version, p_script_sha256);
end
$$;
comment on function @extschema@._record_installation(text, integer, text, text) is
'Writes the version row and the history of an install or upgrade.';
