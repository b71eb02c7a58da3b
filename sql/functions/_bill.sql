-- requires: _leaves, _pace, _model_of_pass
-- What a pass over p_rows rows would cost, for the plan: time, WAL, and what becomes
-- of the space. A model of rows, pages that change (each costs its image in the WAL)
-- and pages that are read, times what the last ten passes cost beside that model;
-- "basis" says whether there were any. Reads sizes of files, as the plan does.
create or replace function @extschema@._bill(
    p_policy @extschema@._policy,
    p_rows bigint,
    p_limit integer,
    p_strategy text,
    p_correlation double precision,
    p_together double precision,
    p_filled double precision
)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        jsonb_build_object(
            'check_id', 'bill', 'level', 'note', 'fix', null,
            'detail', format(
                'about %s s of work (%s s at duty %s), %s of WAL; %s dead rows until VACUUM, which then has about %s to use again; a DELETE gives nothing back to the disk (%s)',
                round(b.work_s, 1), round(b.work_s / b.duty, 1), round(b.duty, 2), pg_size_pretty(b.wal_bytes),
                b.dead_rows, pg_size_pretty(b.reusable_bytes), b.basis
            ),
            'batches', ceil(p_rows::numeric / greatest(b.batch_rows, 1)),
            'work_s', round(b.work_s, 3), 'elapsed_s', round(b.work_s / b.duty, 3), 'duty', b.duty,
            'wal_bytes', b.wal_bytes, 'dead_rows', b.dead_rows,
            'reusable_bytes', b.reusable_bytes, 'returned_bytes', 0, 'passes', b.passes, 'basis', b.basis
        )
    from (
        select
            s.duty,
            coalesce(c.passes, 0) as passes,
            m.work_s * coalesce(c.time_factor, 2) as work_s,
            round(m.wal_bytes * coalesce(c.wal_factor, 1)) as wal_bytes,
            t.dead_rows + p_rows as dead_rows,
            round(t.bytes * least(1, p_rows / nullif(t.rows + t.dead_rows, 0))) as reusable_bytes,
            -- As _next_pace bounds them.
            coalesce(
                p_limit::numeric,
                0.85 * s.target / 1000 / coalesce(nullif(m.work_s, 0) * coalesce(c.time_factor, 2) / nullif(p_rows, 0), 0.00001)
            ) as batch_rows,
            case
                when c.passes > 0 then format('by the rows of %s earlier passes', c.passes)
                else 'no pass yet, by the figures of ordinary rows'
            end as basis
        from (
            select (p.pace ->> 'duty')::numeric as duty, (p.pace ->> 'target')::numeric as target
            from @extschema@._pace(null) as p (pace)
        ) as s
        cross join (
            select
                sum(greatest(g.reltuples, 0)::numeric) as rows,
                sum(pg_stat_get_dead_tuples(g.oid)) as dead_rows,
                sum(pg_total_relation_size(g.oid)) as bytes,
                sum(pg_relation_size(g.oid)) / current_setting('block_size')::numeric * coalesce(p_filled, 1)::numeric as pages
            from @extschema@._leaves((p_policy).relation_id) as l
            inner join pg_class as g on g.oid = l.relation_id
        ) as t
        cross join lateral @extschema@._model_of_pass(p_rows, t.rows, t.pages, p_strategy, p_correlation, p_together) as m
        cross join lateral (
            select
                count(*) as passes,
                sum(r.work_s) / sum(r.model_s) as time_factor,
                sum(r.wal_bytes) / sum(r.model_wal) as wal_factor
            from (
                select
                    u.wal_bytes, n.work_s as model_s, n.wal_bytes as model_wal,
                    greatest(extract(epoch from u.finished_at - u.started_at - u.gated) * coalesce(u.duty, 1) - 0.05, 0.001) as work_s
                from @extschema@._run as u
                cross join lateral @extschema@._model_of_pass(u.rows, t.rows, t.pages, u.strategy, p_correlation, p_together) as n
                -- What a few rows cost says nothing of many, and a dropped partition nothing of a DELETE.
                where u.policy_id = (p_policy).policy_id and u.partitions_removed = 0 and u.finished_at is not null and u.rows >= least(1000, greatest(p_rows / 10, 1))
                order by u.run_id desc
                limit 10
            ) as r
        ) as c
    ) as b
$$;
comment on function @extschema@._bill(
    @extschema@._policy, bigint, integer, text, double precision, double precision, double precision
) is
'What a pass over so many rows would cost: time, WAL and space.';
