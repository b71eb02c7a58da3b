-- verify: every aspect of every object that differs between the record of the
-- installed release and what is here now.
select
    coalesce(r.kind, n.kind) as kind,
    coalesce(r.identity, n.identity) as identity,
    coalesce(r.aspect, n.aspect) as aspect,
    r.fingerprint is not null as recorded,
    n.fingerprint is not null as present
from @extschema@._object as r
full join @extschema@._fingerprints(%(schema)s) as n
    on r.kind = n.kind and r.identity = n.identity and r.aspect = n.aspect
where r.fingerprint is distinct from n.fingerprint
order by
    kind,
    identity,
    aspect;
