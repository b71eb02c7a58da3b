-- policy pause.
select @extschema@.pause(p_table => %(p_table)s::text::regclass, p_reason => %(reason)s::text);
