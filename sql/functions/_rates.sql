-- Rows that come in per hour, by the samples of a day; rows that passes can remove
-- per hour in the time that they get, and if they had all of it, by the ledger of a
-- week. Null where nobody knows. With a condition nobody knows what will expire.
create or replace function @extschema@._rates(
    p_policy @extschema@._policy,
    out inflow numeric,
    out drain numeric,
    out drain_full numeric
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    if (p_policy).condition is null then
        -- A counter that fell was reset: only what it grew by counts, and the time in which it did.
        select sum(s.inserted - s.before) / nullif(extract(epoch from sum(s.at - s.before_at)) / 3600, 0) into inflow
        from (
            select
                o.at, o.inserted,
                lag(o.inserted) over (order by o.at) as before, lag(o.at) over (order by o.at) as before_at
            from @extschema@._sample as o
            where
                o.policy_id = (p_policy).policy_id and o.relation_id = (p_policy).relation_id
                and o.at > v_now - interval '25 hours' and o.inserted is not null
        ) as s
        where s.inserted >= s.before;
    end if;
    select
        sum(r.rows) filter (where r.rows > 0) / nullif(sum(extract(epoch from r.worked)) filter (where r.rows > 0) / 3600, 0),
        least(
            1,
            sum(extract(epoch from case when r.stop_reason = 'deadline' then r.worked else greatest(r.deadline - r.started_at, r.worked) end))
            / nullif(extract(epoch from greatest(v_now, max(r.deadline)) - min(r.started_at)), 0)
        )
    into drain_full, drain
    from (
        select o.*, coalesce(o.finished_at, o.heartbeat_at) - o.started_at as worked
        from @extschema@._run as o
        where
            o.policy_id = (p_policy).policy_id and o.started_at > v_now - interval '7 days'
            and coalesce(o.stop_reason, 'deadline') in ('deadline', 'done', 'interrupted', 'upgraded')
    ) as r;
    drain := round(drain * drain_full, 1);
    drain_full := round(drain_full, 1);
    inflow := round(inflow, 1);
end
$$;
comment on function @extschema@._rates(@extschema@._policy) is
'Rows that come in and rows that passes can remove, per hour.';
