-- requires: _health_finding, retention, _schema
-- health: is every policy kept? From the view retention alone: it knows the
-- debt, and what suspends a policy. The grace, and an hour at least, is what a
-- policy may be late.
create or replace function @extschema@._health_retention()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when r.state = 'suspended' then 'critical'
            when r.state = 'paused' then 'warning'
            when r.last_started_at is null then case when r.created_at < clock_timestamp() - w.late then 'critical' else 'unknown' end
            when coalesce(r.last_good_at, r.created_at) < clock_timestamp() - 2 * w.late then 'critical'
            when coalesce(r.last_good_at, r.created_at) < clock_timestamp() - w.late then 'warning'
            when r.debt_rows > 0 and r.last_stop_reason <> 'done' then 'warning'
            else 'ok'
        end,
        format('%I.%I', r.schema_name, r.table_name),
        case
            when r.state <> 'active' then format('%s: %s', r.state, r.state_detail)
            when r.last_started_at is null then format('never cleaned since %s', r.created_at)
            else format(
                'last good pass %s, then %s expired rows were left%s', coalesce(r.last_good_at::text, 'never'),
                coalesce(r.debt_rows::text, 'unknown'), case when r.debt_exact is false then ' (estimated)' else '' end
            )
        end,
        r.debt_rows, 'expired rows', format('keep %s, late after %s', r.keep, w.late),
        case when r.debt_exact is false then 'estimated' else 'exact' end, clock_timestamp() - r.last_started_at,
        case
            when r.state = 'suspended' then r.state_fix
            when r.state = 'paused'
                then format('select %I.resume(%L);', @extschema@._schema(), format('%I.%I', r.schema_name, r.table_name))
            when
                r.last_started_at is null or coalesce(r.last_good_at, r.created_at) < clock_timestamp() - w.late
                or r.debt_rows > 0 and r.last_stop_reason <> 'done'
                then format('call %I.cleanup(%L);', @extschema@._schema(), format('%I.%I', r.schema_name, r.table_name))
        end,
        'ROW EXCLUSIVE'
    )
    from @extschema@.retention as r
    cross join lateral (select greatest(r.grace, interval '1 hour')) as w (late)
$$;
comment on function @extschema@._health_retention() is
'health: is every policy kept?';
