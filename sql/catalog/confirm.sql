-- confirm: decides a guard.
select @extschema@.confirm(
    p_table => %(p_table)s::text::regclass,
    p_guard => %(guard)s::text,
    p_reason => %(reason)s::text
);
