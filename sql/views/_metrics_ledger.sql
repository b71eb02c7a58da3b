-- requires: runs
-- Behind the view metrics: the last finished cleanup of each policy, and totals that
-- also count what is not in the ledger any more.
create or replace view @extschema@._metrics_ledger as
with finished as (
    select
        a.policy_id,
        a.stop_reason,
        count(*) as passes
    from @extschema@._run as a
    where a.stop_reason is not null
    group by a.policy_id, a.stop_reason
)

select
    m.name,
    jsonb_build_object('schema', p.schema_name, 'table', p.table_name) as labels,
    m.value
from @extschema@._policy as p
cross join
    lateral (
        select l.run_id
        from @extschema@._run as l
        where
            l.policy_id = p.policy_id
            and l.stop_reason is not null
            and l.kind = 'cleanup'
        order by l.started_at desc
        limit 1
    ) as l
inner join @extschema@.runs as r on l.run_id = r.run_id
cross join
    lateral (
        values
        ('telemetry_cleanup_duration_seconds', extract(epoch from r.duration)::double precision),
        ('telemetry_cleanup_records_deleted', r.rows::double precision),
        ('telemetry_cleanup_last_run_timestamp_seconds', extract(epoch from r.finished_at)::double precision),
        ('telemetry_cleanup_last_run_success', r.good::integer::double precision)
    ) as m (name, value)
where m.value is not null
union all
select
    'telemetry_cleanup_deleted_records_total' as name,
    jsonb_build_object('schema', p.schema_name, 'table', p.table_name) as labels,
    (
        coalesce((
            select sum(r.rows) from @extschema@._run as r
            where r.policy_id = p.policy_id
        ), 0)
        + coalesce((
            select sum(t.rows) from @extschema@._total as t
            where t.policy_id = p.policy_id
        ), 0)
    )::double precision as value
from @extschema@._policy as p
union all
select
    'telemetry_cleanup_runs_total' as name,
    jsonb_build_object('schema', p.schema_name, 'table', p.table_name, 'outcome', o.outcome) as labels,
    (coalesce(r.passes, 0) + coalesce(t.passes, 0))::double precision as value
from @extschema@._policy as p
cross join
    lateral unnest(
        array['done', 'deadline', 'paused', 'locked', 'gated', 'suspended', 'interrupted', 'upgraded', 'failed']
    ) as o (outcome)
left join finished as r on p.policy_id = r.policy_id and o.outcome = r.stop_reason
left join @extschema@._total as t on p.policy_id = t.policy_id and o.outcome = t.outcome;
comment on view @extschema@._metrics_ledger is
'Metrics of the last pass of each policy, and totals of all passes.';
