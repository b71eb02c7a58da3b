-- All that health has to say.
select
    h.check_id,
    h.status,
    h.object,
    h.detail,
    h.remediation
from maint.health as h;
