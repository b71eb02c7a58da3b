-- upgrade: routines and views of the installed release as it recorded them, with
-- the fingerprint of each body, and whether the new release has them too, by the
-- same signature. A type that is not there yet matches nothing.
with wanted as (
    select
        s.signature,
        quote_ident(split_part(split_part(s.signature, '(', 1), '.', 2)) as name,
        array(
            select to_regtype(a.type)::oid
            from
                unnest(
                    string_to_array(rtrim(substr(s.signature, strpos(s.signature, '(') + 1), ')'), ', ')
                ) with ordinality as a (type, position)
            order by a.position
        ) as types
    from unnest(%(signatures)s::text[]) as s (signature)
),

recorded as (
    select
        o.kind,
        o.identity,
        max(o.fingerprint) filter (where o.aspect = 'body') as body,
        split_part(o.identity, '(', 1) as name,
        array(
            select to_regtype(a.type)::oid
            from
                unnest(
                    string_to_array(rtrim(substr(o.identity, strpos(o.identity, '(') + 1), ')'), ', ')
                ) with ordinality as a (type, position)
            order by a.position
        ) as types
    from @extschema@._object as o
    where o.kind in ('function', 'procedure', 'view')
    group by
        o.kind,
        o.identity
)

select
    r.kind,
    r.identity,
    r.body,
    (
        select count(*) > 0 from wanted as w
        where
            w.name = r.name
            and (r.kind = 'view') = (strpos(w.signature, '(') = 0)
            and (r.kind = 'view' or (w.types = r.types and array_position(w.types, null) is null))
    ) as stays
from recorded as r
order by
    r.kind,
    r.identity;
