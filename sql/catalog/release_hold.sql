-- hold release: ends one hold.
select @extschema@.release_hold(p_hold_id => %(p_hold_id)s::bigint, p_reason => %(p_reason)s::text);
