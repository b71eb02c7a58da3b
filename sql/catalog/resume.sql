-- policy resume.
select @extschema@.resume(p_table => %(p_table)s::text::regclass);
