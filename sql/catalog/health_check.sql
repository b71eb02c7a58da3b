-- health: the findings of one check; the condition keeps the others from running.
select
    h.check_id,
    h.status,
    h.object,
    h.value,
    h.unit,
    h.threshold,
    h.method,
    h.statistics_age,
    h.detail,
    h.remediation,
    h.lock_level,
    h.fingerprint,
    h.privileges_missing,
    h.silent_until
from @extschema@.health as h
where h.check_id = %(check_id)s::text;
