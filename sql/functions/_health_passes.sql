-- requires: _health_finding, runs, _schema
-- health: the last pass of every policy, and why it ended when it was not good. The last
-- rotation counts beside the last cleanup, which comes more often and would hide it.
create or replace function @extschema@._health_passes()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case r.stop_reason when 'failed' then 'critical' when 'suspended' then 'critical' when 'paused' then 'ok' else 'warning' end,
        format('%I.%I', r.schema_name, r.table_name),
        format(
            'run %s ended as %s%s%s', r.run_id, r.stop_reason, ': ' || nullif(r.detail, ''),
            format(': %s (SQLSTATE %s)', r.error_message, r.error_sqlstate) || ''
        ),
        r.rows, 'rows', null, 'exact', clock_timestamp() - r.started_at,
        case
            when r.stop_reason not in ('paused', 'suspended')
                then format('call %I.%s(%L);', @extschema@._schema(), case r.kind when 'rotation' then 'rotate' else 'cleanup' end, format('%I.%I', r.schema_name, r.table_name))
        end,
        'ROW EXCLUSIVE'
    )
    from (
        select distinct on (l.schema_name, l.table_name) l.*
        from (
            select distinct on (r.schema_name, r.table_name, r.kind) r.*
            from @extschema@.runs as r
            where r.started_at > clock_timestamp() - interval '30 days'
            order by r.schema_name, r.table_name, r.kind, r.run_id desc
        ) as l
        order by l.schema_name, l.table_name, l.good is false desc, l.run_id desc
    ) as r
    where r.good is false and (r.stop_reason <> 'done' or r.debt_rows > 0)
$$;
comment on function @extschema@._health_passes() is
'health: the last pass of every policy.';
