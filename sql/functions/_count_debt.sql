-- requires: _from_start, _count_expired, _writes
-- What a pass left. After many deletions it is counted only in front of the place
-- where the scan stands; and after a big pass that is done not at all, because
-- only rows that came in meanwhile can be left, unless a trigger kept some.
create or replace function @extschema@._count_debt(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_state jsonb,
    out counted bigint,
    out exact boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_done boolean := coalesce(p_state ->> 'stop' = 'done', false);
begin
    if
        v_done and (p_run).rows > 200000
        and not exists (
            select from @extschema@._leaves((p_run).relation_id) as l
            -- BEFORE and ROW and DELETE.
            inner join pg_trigger as t on t.tgrelid = l.relation_id and t.tgtype & 11 = 11 and t.tgenabled <> 'D'
        )
    then
        counted := 0;
        exact := @extschema@._writes((p_run).relation_id) = (p_state ->> 'writes')::numeric;
        return;
    end if;
    select c.counted, c.exact into counted, exact
    from @extschema@._count_expired(
        (p_run).relation_id,
        case
            when (p_run).rows <= 200000 and p_state ->> 'start' is null and p_state ->> 'resume_after' is null then (p_run).predicate
            else @extschema@._from_start(p_policy, case when v_done then p_state - 'leaf' else p_state end, (p_run).predicate)
        end,
        100000
    ) as c;
    -- What came in behind the scan was not looked for, where that would have to walk over dead rows.
    exact := exact and (p_run).rows <= 200000 and p_state ->> 'start' is null and p_state ->> 'resume_after' is null;
end
$$;
comment on function @extschema@._count_debt(@extschema@._run, @extschema@._policy, jsonb) is
'Expired rows that a pass left.';
