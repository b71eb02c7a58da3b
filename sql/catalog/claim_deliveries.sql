-- alert send: what one channel has to be told.
select
    c.incident_id,
    c.event,
    c.kind,
    c.check_id,
    c.object,
    c.detail,
    c.remediation,
    c.began_at,
    c.ended_at,
    c.attempts
from @extschema@._claim_deliveries(%(channel)s::text, %(lease)s::interval) as c;
