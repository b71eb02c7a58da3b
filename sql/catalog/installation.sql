-- Which release and which migration this schema is at.
select
    i.version,
    i.migration
from @extschema@._installation as i;
