-- Every step is a transaction of its own: on an autocommit connection only.
call @extschema@.convert(
    p_table => %(p_table)s::regclass,
    p_interval => %(p_interval)s::interval,
    p_premake => %(p_premake)s::integer,
    p_boundary => %(p_boundary)s::timestamptz,
    p_max_duration => %(p_max_duration)s::interval,
    p_undo => %(p_undo)s::boolean
);
