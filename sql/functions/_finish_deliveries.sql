-- Writes down what came of a claim: sent, or the problem and when to try again, a
-- minute later, then two, four, up to an hour.
create or replace function @extschema@._finish_deliveries(
    p_channel text,
    p_incidents uuid[],
    p_events text[],
    p_sent boolean,
    p_problem text
)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    update @extschema@._delivery as d
    set
        sent_at = case when p_sent then clock_timestamp() end,
        problem = p_problem,
        next_try_at = clock_timestamp() + least(interval '1 minute' * power(2, least(d.attempts, 7) - 1), interval '1 hour')
    from unnest(p_incidents, p_events) as c (incident_id, event)
    where
        c.incident_id = d.incident_id
        and c.event = d.event
        and d.channel = p_channel
        and d.sent_at is null
$$;
comment on function @extschema@._finish_deliveries(text, uuid[], text[], boolean, text) is
'Writes down what came of sending: done, or when to try again.';
