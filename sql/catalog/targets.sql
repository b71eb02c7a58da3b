-- The tables that were named on the command line, each with its qualified name
-- and whether it has a policy. An unknown one is an error of the server.
select
    n.name as given,
    @extschema@._qualified_name(n.name::regclass::oid) as name,
    exists(
        select from @extschema@._policy as p
        where p.relation_id = n.name::regclass::oid
    ) as has_policy
from unnest(%(names)s::text[]) as n (name);
