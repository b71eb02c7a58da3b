-- Gives a sender what one channel has to be told, and to nobody else for as long as
-- the lease lasts: no transaction is open while a mail server thinks. A sender that
-- dies leaves its lease, and another one sends then: at least once, not at most.
create or replace function @extschema@._claim_deliveries(p_channel text, p_lease interval)
returns table (
    incident_id uuid,
    event text,
    kind text,
    check_id text,
    object text,
    detail text,
    remediation text,
    began_at timestamptz,
    ended_at timestamptz,
    attempts integer
)
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    with due as (
        select d.incident_id, d.event
        from @extschema@._delivery as d
        where d.channel = p_channel and d.sent_at is null and d.next_try_at <= clock_timestamp()
        order by d.queued_at, d.event
        limit 500
        for update skip locked
    ),

    claimed as (
        update @extschema@._delivery as d
        set attempts = d.attempts + 1, next_try_at = clock_timestamp() + p_lease
        from due as o
        where d.incident_id = o.incident_id and d.event = o.event and d.channel = p_channel
        returning d.incident_id, d.event, d.attempts, d.queued_at
    )

    select
        i.incident_id, c.event, i.kind, i.check_id, i.object, i.detail, i.remediation, i.began_at, i.ended_at, c.attempts
    from claimed as c
    inner join @extschema@._incident as i on i.incident_id = c.incident_id
    order by c.queued_at, c.event, i.object
$$;
comment on function @extschema@._claim_deliveries(text, interval) is
'What one channel has to be told, for one sender alone.';
