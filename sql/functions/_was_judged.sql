-- Does a pass count when guards look at what is usual, and at the clock and the policy of
-- the last one? It was done, or removed something. A rotation that removed nothing asked no
-- guard: what it found is not what anybody agreed to.
create or replace function @extschema@._was_judged(p_run @extschema@._run)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        ((p_run).stop_reason = 'done' or (p_run).rows > 0)
        and ((p_run).kind = 'cleanup' or (p_run).partitions_removed > 0)
$$;
comment on function @extschema@._was_judged(@extschema@._run) is
'Does a pass count when guards look at the passes before?';
