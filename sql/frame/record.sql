-- The last step: which version is now installed, from which text, and what of it
-- is here.
do $$
begin
    perform @extschema@._record_installation(
        p_version => current_setting('pytelemetry_db.version'),
        p_migration => current_setting('pytelemetry_db.migration')::integer,
        p_action => current_setting('pytelemetry_db.action'),
        p_script_sha256 => current_setting('pytelemetry_db.sha256'),
        p_reader_role => current_setting('pytelemetry_db.reader_role'),
        p_operator_role => current_setting('pytelemetry_db.operator_role'),
        p_drift => current_setting('pytelemetry_db.drift')::jsonb
    );
end
$$;
