-- requires: _watermark_shape
-- The watermark of a policy, if it still means what it says: made for the same
-- column of the same table, and for a policy without a condition, under which a
-- row may become expired long after its time. Null otherwise.
create or replace function @extschema@._watermark_of(p_policy @extschema@._policy)
returns @extschema@._watermark
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select w.*
    from @extschema@._watermark as w
    where w.policy_id = (p_policy).policy_id and w.shape = @extschema@._watermark_shape(p_policy)
$$;
comment on function @extschema@._watermark_of(@extschema@._policy) is
'The watermark of a policy, if it still means what it says.';
