-- requires: _suspension
-- Behind the view retention: the suspensions of all policies, for readers who
-- may not see our tables. Runs with its owner's rights, which is why it takes no
-- argument and only reads.
create or replace function @extschema@._suspensions()
returns table (policy_id bigint, guard text, detail text, fix text)
language sql
stable
security definer
rows 20
set search_path = pg_catalog, pg_temp
as $$
    select p.policy_id, s.guard, s.detail, s.fix
    from @extschema@._policy as p
    cross join @extschema@._suspension(p.policy_id) as s
$$;
comment on function @extschema@._suspensions() is
'The suspensions of all policies, for readers of the view retention.';
