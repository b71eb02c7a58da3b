-- The tables that have a policy, the longest untouched first, each as a CALL
-- can name it: by the policy's name, by its new name when it was renamed, or by
-- its oid when it is gone, so that its pass says so and the others go on.
select
    coalesce(
        case
            when to_regclass(quote_ident(p.schema_name) || '.' || quote_ident(p.table_name)) is not null
                then quote_ident(p.schema_name) || '.' || quote_ident(p.table_name)
        end,
        @extschema@._qualified_name(p.relation_id),
        p.relation_id::text
    ) as name
from @extschema@._policy as p
order by
    (
        select max(r.started_at) from @extschema@._run as r
        where r.policy_id = p.policy_id
    ) asc nulls first,
    p.policy_id asc;
