-- Changes one setting, validated.
select @extschema@.set_setting(p_name => %(name)s, p_value => %(value)s);
