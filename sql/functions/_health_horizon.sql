-- requires: _health_finding, _health_settings, _health_hidden, _horizon_holders
-- health: what keeps dead rows from being removed in this database for longer
-- than the setting health_horizon, by name.
create or replace function @extschema@._health_horizon()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when not h.visible then 'unknown'
            when h.since is null then case when age(h.held_xmin) > 10000000 then 'warning' else 'ok' end
            when clock_timestamp() - h.since > 24 * s.most then 'critical'
            else 'warning'
        end,
        h.holder,
        case
            when not h.visible then 'they cannot be seen, and may hold the horizon'
            else format('holds back %s transactions', age(h.held_xmin)) || coalesce(format(', since %s', h.since), '')
        end,
        coalesce(round(extract(epoch from clock_timestamp() - h.since)), age(h.held_xmin)),
        case when h.since is null then 'transactions' else 's' end, s.most::text, 'exact', null,
        case
            when not h.visible then format('grant pg_read_all_stats to %I;', current_user)
            when h.holder ~ '^pid \d' then format('select pg_terminate_backend(%s);', substring(h.holder from '^pid (\d+)'))
            when h.holder ~ '^prepared' then format('rollback prepared %s;', substring(h.holder from '^prepared transaction (.*) of '))
            -- It has to be inactive; dropped, its reader has to be made anew.
            when h.holder ~ '^replication slot' then format('select pg_drop_replication_slot(%L);', substring(h.holder from '^replication slot (.*)$'))
            else 'end the long query on the replica, or switch hot_standby_feedback off there'
        end,
        case when h.visible and h.holder ~ '^replica ' then 'manual' end,
        case when not h.visible then 'pg_read_all_stats' end
    )
    from (
        select h.* from @extschema@._horizon_holders() as h where h.visible
        union all
        select 'sessions of other roles', null, null, false where exists (select from @extschema@._health_hidden())
    ) as h
    cross join (select (@extschema@._health_settings() ->> 'health_horizon')::interval) as s (most)
    where not h.visible or h.since is null or clock_timestamp() - h.since > s.most
$$;
comment on function @extschema@._health_horizon() is
'health: what keeps dead rows from being removed.';
