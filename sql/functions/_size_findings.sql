-- requires: _leaves
-- A table over its size budget (max_size), as a finding of the plan. Reads the
-- size of the files, so it waits for whoever holds ACCESS EXCLUSIVE: only the
-- plan asks, which reads the table anyway.
create or replace function @extschema@._size_findings(p_policy @extschema@._policy)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(
            jsonb_agg(jsonb_build_object(
                'check_id', 'max_size', 'level', 'warning',
                'detail', format('it takes %s, its budget is %s', pg_size_pretty(s.bytes), pg_size_pretty((p_policy).max_size)),
                'fix', 'keep less; removed rows make room inside the files, VACUUM FULL or partitions give it back'
            )),
            '[]'
        )
    from (
        select sum(pg_total_relation_size(l.relation_id))::bigint as bytes
        from @extschema@._leaves((p_policy).relation_id) as l
    ) as s
    where s.bytes > (p_policy).max_size
$$;
comment on function @extschema@._size_findings(@extschema@._policy) is
'A table over its size budget, as a finding of the plan.';
