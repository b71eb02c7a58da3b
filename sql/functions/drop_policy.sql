-- requires: _drop_policy
-- Removes the policy of a table; its ledger rows stay. Takes text and not
-- regclass, because the table may be gone. Has no search_path of its own: a
-- name without a schema means what it means to the caller.
create or replace function @extschema@.drop_policy(p_table text)
returns void
language sql
as $$
    select @extschema@._drop_policy(pg_catalog.to_regclass(p_table)::pg_catalog.oid, p_table)
$$;
comment on function @extschema@.drop_policy(text) is
'Removes the policy of a table, also of one that does not exist any more.';
