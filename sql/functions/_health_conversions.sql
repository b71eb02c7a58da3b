-- requires: _health_finding, _health_conversion_states, _schema
-- health: conversions that were begun and are not done. Until its swap a table
-- refuses rows beyond the boundary, so one that comes near is critical.
create or replace function @extschema@._health_conversions()
returns setof jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select @extschema@._health_finding(
        case
            when c.step in ('validate', 'swap') and c.boundary < clock_timestamp() + interval '2 days' then 'critical'
            else 'warning'
        end,
        format('%I.%I', c.schema_name, c.table_name),
        format('its conversion stands at "%s" since %s%s', c.step, c.changed_at, ': ' || c.last_error)
        || case
            when c.step in ('validate', 'swap')
                then format('; until it is done, rows from %s on are refused', c.boundary)
            else ''
        end,
        c.tries, 'tries', null, 'exact', clock_timestamp() - c.started_at,
        format(
            'call %I.convert(%L%s);', @extschema@._schema(), format('%I.%I', c.schema_name, c.table_name),
            case when c.step in ('undo', 'open', 'move', 'close', 'undo_keys') then ', p_undo => true' else '' end
        ),
        'ACCESS EXCLUSIVE, for milliseconds'
    )
    from @extschema@._health_conversion_states() as c
    where c.finished_at is null and c.changed_at < clock_timestamp() - interval '5 minutes'
$$;
comment on function @extschema@._health_conversions() is
'health: conversions that were begun and are not done.';
