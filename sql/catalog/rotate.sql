-- partition rotate: one CALL, alone, because it commits.
call @extschema@.rotate(
    p_table => %(p_table)s::text::regclass,
    p_max_duration => %(max_duration)s::interval,
    p_detacher => %(detacher)s::text
);
