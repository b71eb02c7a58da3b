-- partition rotate --concurrently: what a pass has asked this session to detach.
select
    c.relation_id,
    c.statement
from @extschema@._claim_detach(p_detacher => %(detacher)s) as c;
