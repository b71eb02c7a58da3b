-- alert send: why cleanup does not keep up, for the tables that are told of.
select
    format('%%I.%%I', r.schema_name, r.table_name) as object,
    concat_ws(': ', r.verdict, r.evidence) as verdict
from @extschema@.retention as r
where r.verdict is not null;
