-- The series of some sources of the view metrics.
select
    m.source,
    m.name,
    m.labels,
    m.value
from @extschema@.metrics as m
where m.source = any(%(sources)s::text[]);
