-- policy drop.
select @extschema@.drop_policy(p_table => %(p_table)s::text);
