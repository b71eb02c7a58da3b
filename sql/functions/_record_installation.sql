-- requires: _record_home, _fingerprints
-- Called by every install and upgrade script as its last step: version row,
-- history, fingerprints of what is here now, and the database that the policies
-- are meant for. CREATE EXTENSION leaves that to the first policy, because the
-- rows of a dump come after it. Passes of the old code do not close their rows.
create or replace function @extschema@._record_installation(
    p_version text,
    p_migration integer,
    p_action text,
    p_script_sha256 text,
    p_reader_role text,
    p_operator_role text,
    p_drift jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old_version text := (select i.version from @extschema@._installation as i);
    v_other_roles boolean := not exists (
        select from @extschema@._installation as i
        where
            i.reader_role is not distinct from nullif(p_reader_role, '')::name
            and i.operator_role is not distinct from nullif(p_operator_role, '')::name
    );
begin
    insert into @extschema@._installation as i (version, migration, server_major, reader_role, operator_role)
    values (
        p_version, p_migration, current_setting('server_version_num')::integer / 10000,
        nullif(p_reader_role, ''), nullif(p_operator_role, '')
    )
    on conflict (only_row) do update
    set
        version = excluded.version, migration = excluded.migration, server_major = excluded.server_major,
        has_code = true, reader_role = excluded.reader_role, operator_role = excluded.operator_role;
    insert into @extschema@._installation_log (action, from_version, to_version, script_sha256)
    values (p_action, v_old_version, p_version, p_script_sha256);
    if p_action <> 'create extension' then
        perform @extschema@._record_home();
    end if;
    update @extschema@._run as r
    set stop_reason = 'upgraded', finished_at = clock_timestamp(), detail = format('%s to %s', p_action, p_version)
    where r.stop_reason is null;
    update @extschema@._call as c
    set outcome = 'upgraded', finished_at = clock_timestamp(), detail = format('%s to %s', p_action, p_version)
    where c.outcome is null;
    delete from @extschema@._object;
    insert into @extschema@._object (kind, identity, aspect, fingerprint)
    select f.kind, f.identity, f.aspect, f.fingerprint
    from @extschema@._fingerprints(@extschema@._schema()) as f;
    -- What somebody had changed, and this script did not mend, stays a difference;
    -- for other roles than before other grants are right.
    with unmended as (
        select d.kind, d.identity, d.aspect, d.recorded
        from jsonb_to_recordset(p_drift) as d (kind text, identity text, aspect text, recorded text, present text)
        left join @extschema@._object as o on o.kind = d.kind and o.identity = d.identity and o.aspect = d.aspect
        where o.fingerprint is not distinct from d.present and not (d.aspect = 'grants' and v_other_roles)
    ),

    forgotten as (
        delete from @extschema@._object as o
        using unmended as u
        where o.kind = u.kind and o.identity = u.identity and o.aspect = u.aspect and u.recorded is null
    )

    insert into @extschema@._object (kind, identity, aspect, fingerprint)
    select u.kind, u.identity, u.aspect, u.recorded
    from unmended as u
    where u.recorded is not null
    on conflict on constraint _object_pkey do update
    set fingerprint = excluded.fingerprint;
end
$$;
comment on function @extschema@._record_installation(text, integer, text, text, text, text, jsonb) is
'Writes the version row, the history and the fingerprints of an install or upgrade.';
