-- Which release and which migration this schema is at, and who may use it.
select
    i.version,
    i.migration,
    i.has_code,
    i.server_major
from @extschema@._installation as i;
