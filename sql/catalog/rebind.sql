-- policy rebind: the policy as it is bound now.
select
    p.schema_name,
    p.table_name,
    p.time_column,
    p.keep::text as keep
from @extschema@.rebind(p_table => %(p_table)s::text::regclass) as p;
