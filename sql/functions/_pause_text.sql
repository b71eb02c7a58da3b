-- How a pause is told to people.
create or replace function @extschema@._pause_text(p_policy @extschema@._policy)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        format('paused by %s at %s', (p_policy).paused_by, date_trunc('second', (p_policy).paused_at))
        || coalesce(': ' || (p_policy).pause_reason, '')
$$;
comment on function @extschema@._pause_text(@extschema@._policy) is
'Who paused a policy, when and why.';
