-- requires: _measure_times, _has_index, _binding_guard, _cutoff_of
-- One measurement of one managed table. Rows, dead rows and counters come from the
-- statistics; sizes from the files, or with more than 64 leaves from the pages that
-- the last VACUUM counted; times by an index or not at all. Takes ACCESS SHARE and
-- waits for a lock no longer than lock_timeout: what cannot be had is null, and
-- "problem" says why.
create or replace function @extschema@._measure_table(p_policy @extschema@._policy)
returns @extschema@._sample
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_sample @extschema@._sample;
    v_times record;
    v_leaves bigint;
    v_column_missing boolean := not @extschema@._has_index((p_policy).relation_id, (p_policy).time_column);
begin
    v_sample.policy_id := (p_policy).policy_id;
    v_sample.relation_id := (p_policy).relation_id;
    v_sample.at := clock_timestamp();
    select b.detail into v_sample.problem from @extschema@._binding_guard((p_policy).policy_id) as b;
    if v_sample.problem is not null then
        return v_sample;
    end if;
    v_sample.cutoff := @extschema@._cutoff_of(p_policy, (p_policy).keep, v_sample.at);
    select r.run_id, r.rows into v_sample.run_id, v_sample.run_rows
    from @extschema@._run as r
    where r.policy_id = (p_policy).policy_id
    order by r.run_id desc
    limit 1;
    select
        count(*),
        case when min(c.reltuples) >= 0 then sum(
            case when pg_stat_get_live_tuples(c.oid) > 0 then pg_stat_get_live_tuples(c.oid) else greatest(c.reltuples, 0) end::numeric
        ) end::bigint,
        sum(pg_stat_get_dead_tuples(c.oid))::bigint, sum(pg_stat_get_tuples_inserted(c.oid)), sum(pg_stat_get_tuples_deleted(c.oid))
    into v_leaves, v_sample.rows, v_sample.dead_rows, v_sample.inserted, v_sample.deleted
    from @extschema@._leaves((p_policy).relation_id) as l
    inner join pg_class as c on c.oid = l.relation_id;
    v_sample.sizes_exact := v_leaves <= 64;
    if v_sample.sizes_exact then
        select
            coalesce(sum(pg_relation_size(c.oid)), 0)::bigint, coalesce(sum(pg_indexes_size(c.oid)), 0)::bigint,
            coalesce(sum(case when c.reltoastrelid <> 0 then pg_total_relation_size(c.reltoastrelid) else 0 end), 0)::bigint
        into v_sample.heap_bytes, v_sample.index_bytes, v_sample.toast_bytes
        from @extschema@._leaves((p_policy).relation_id) as l
        inner join pg_class as c on c.oid = l.relation_id;
    else
        select
            (sum(c.relpages::bigint) * p.page)::bigint, (sum(i.pages) * p.page)::bigint,
            (sum(coalesce(t.relpages, 0)::bigint) * p.page)::bigint
        into v_sample.heap_bytes, v_sample.index_bytes, v_sample.toast_bytes
        from @extschema@._leaves((p_policy).relation_id) as l
        inner join pg_class as c on c.oid = l.relation_id
        left join pg_class as t on t.oid = c.reltoastrelid
        cross join lateral (
            select coalesce(sum(x.relpages::bigint), 0) as pages
            from pg_index as n
            inner join pg_class as x on x.oid = n.indexrelid
            where n.indrelid = c.oid
        ) as i
        cross join (select current_setting('block_size')::bigint as page) as p
        group by p.page;
    end if;
    if not has_table_privilege((p_policy).relation_id, 'SELECT') then
        v_sample.problem := format('role %I may not read it: times and expired rows are not known', current_user);
    elsif v_column_missing then
        v_sample.problem := format('no index leads with %I: times and expired rows are not known', (p_policy).time_column);
    else
        select m.oldest_at, m.newest_at, m.expired_rows, m.expired_exact, m.expiring_per_hour into v_times
        from @extschema@._measure_times(p_policy, v_sample.cutoff) as m;
        v_sample.oldest_at := v_times.oldest_at;
        v_sample.newest_at := v_times.newest_at;
        v_sample.expired_rows := v_times.expired_rows;
        v_sample.expired_exact := v_times.expired_exact;
        v_sample.expiring_per_hour := v_times.expiring_per_hour;
    end if;
    return v_sample;
end
$$;
comment on function @extschema@._measure_table(@extschema@._policy) is
'One measurement of one managed table, at a bounded cost.';
