-- requires: _count_expired, _has_index, _leaves
-- Counts expired rows for an estimate: up to p_limit of them by an index, from
-- where the passes are; beyond that, or without an index, the planner's estimate.
create or replace function @extschema@._count_some(
    p_policy @extschema@._policy,
    p_predicate text,
    p_from_start text,
    p_limit bigint,
    out counted bigint,
    out exact boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
    select c.counted, c.exact into counted, exact
    from @extschema@._count_expired(
        (p_policy).relation_id, p_from_start,
        case
            when exists (
                select from @extschema@._leaves((p_policy).relation_id) as l
                where not @extschema@._has_index(l.relation_id, (p_policy).time_column)
            )
                then 0
            else p_limit
        end
    ) as c;
    if not exact then
        select c.counted into counted from @extschema@._count_expired((p_policy).relation_id, p_predicate, 0) as c;
    end if;
end
$$;
comment on function @extschema@._count_some(@extschema@._policy, text, text, bigint) is
'Number of expired rows for an estimate: counted while they are few, by an index.';
