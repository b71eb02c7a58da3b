-- What people were told by alert send, and what still waits for a channel.
create or replace view @extschema@.incidents as
select
    i.incident_id,
    i.kind,
    i.check_id,
    i.object,
    i.detail,
    i.remediation,
    i.began_at,
    i.ended_at,
    i.end_reason,
    d.channel,
    d.event,
    d.queued_at,
    d.sent_at,
    d.attempts,
    case when d.sent_at is null then d.next_try_at end as next_try_at,
    d.problem as delivery_problem
from @extschema@._incident as i
left join @extschema@._delivery as d on i.incident_id = d.incident_id;
comment on view @extschema@.incidents is
'What somebody should know, one row for each message about it: sent when, or tried again when.';
