-- upgrade: routines and views of the installed release as it recorded them, with
-- the fingerprint of each body, and whether the new release has them too, by the
-- same signature.
select
    o.kind,
    o.identity,
    max(o.fingerprint) filter (where o.aspect = 'body') as body,
    case
        when o.kind = 'view' then quote_ident(%(schema)s) || '.' || o.identity = any(%(signatures)s::text[])
        else exists (
            select from unnest(%(signatures)s::text[]) as n (signature)
            where
                case when n.signature like '%%(%%' then to_regprocedure(n.signature) end
                = to_regprocedure(quote_ident(%(schema)s) || '.' || o.identity)
        )
    end as stays
from @extschema@._object as o
where o.kind in ('function', 'procedure', 'view')
group by
    o.kind,
    o.identity
order by
    o.kind,
    o.identity;
