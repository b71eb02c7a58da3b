-- requires: _gates, _horizon_holders
-- May the pass go on? Looks at the gates every 1000 ms; between two looks the last
-- answer stands. Returns what the state of the scan remembers of them: "gate" and
-- "waiting_for" while one is shut, "shut_at" since when, and what the next look
-- compares with.
create or replace function @extschema@._gate_state(p_relation_id oid, p_state jsonb)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_memory jsonb := coalesce(p_state -> 'gates', '{}');
    v_shut record;
    v_shut_at timestamptz := coalesce((v_memory ->> 'shut_at')::timestamptz, clock_timestamp());
begin
    if (v_memory ->> 'looked_at')::timestamptz > clock_timestamp() - interval '1 s' then
        return v_memory;
    end if;
    select g.gate, g.cause, g.value, g.limit_value, g.reading is null as is_unknown into v_shut
    from @extschema@._gates(p_relation_id, v_memory) as g
    where g.reading >= 1 or (g.reading is null and @extschema@._get_setting('gate_unknown') = 'shut')
    order by g.reading desc nulls last
    limit 1;
    v_memory := jsonb_build_object(
        'looked_at', clock_timestamp(), 'wal_lsn', pg_current_wal_insert_lsn(), 'wal_at', clock_timestamp(),
        'seen', case when @extschema@._get_setting('gate_horizon') <> 'off' then (
            select coalesce(jsonb_object_agg(h.holder, jsonb_build_object(
                h.held_xmin, coalesce(v_memory #>> array['seen', h.holder, h.held_xmin::text], clock_timestamp()::text)
            )), '{}')
            from @extschema@._horizon_holders() as h
            where h.visible
        ) end
    );
    if v_shut.gate is null then
        return v_memory;
    end if;
    return v_memory || jsonb_build_object(
        'shut_at', v_shut_at, 'gate', v_shut.gate,
        'waiting_for', format(
            'waiting %s s for %s: %s%s', extract(epoch from clock_timestamp() - v_shut_at)::integer, v_shut.gate, v_shut.cause,
            case when v_shut.is_unknown then ' cannot be read' else format(', %s of %s', v_shut.value, v_shut.limit_value) end
        )
    );
end
$$;
comment on function @extschema@._gate_state(oid, jsonb) is
'What the gates say to a pass, looked at every 1000 ms.';
