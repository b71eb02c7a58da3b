-- verify --deep: everything in a schema as the server writes it.
select
    d.kind,
    d.identity,
    d.aspect,
    d.definition
from @extschema@._definitions(%(schema)s) as d;
