-- What one check has to say.
select
    h.status,
    h.object,
    h.detail
from maint.health as h
where h.check_id = %(check_id)s::text;
