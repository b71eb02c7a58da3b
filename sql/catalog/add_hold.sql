-- hold add: rows that stay although they are expired.
select @extschema@.add_hold(
    p_table => %(p_table)s::text::regclass,
    p_condition => %(p_condition)s::text,
    p_reason => %(p_reason)s::text,
    p_expires => %(p_expires)s::text::timestamptz
) as hold_id;
