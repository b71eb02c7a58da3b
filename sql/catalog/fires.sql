-- schedule: when a schedule fires next, in the session's zone and its own.
select
    t.at,
    t.here,
    t.there,
    t.warning
from @extschema@._fire_texts(%(schedule)s, %(time_zone)s) as t
order by t.at nulls last;
