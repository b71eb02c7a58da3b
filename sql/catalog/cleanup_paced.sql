-- cleanup with a duty, which 0.1.0 did not know.
call @extschema@.cleanup(
    p_table => %(p_table)s::regclass,
    p_max_duration => %(max_duration)s::interval,
    p_keep => %(keep)s::interval,
    p_batch_rows => %(batch_rows)s::integer,
    p_yes => %(yes)s::boolean,
    p_duty => %(duty)s::text
);
