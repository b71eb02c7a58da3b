-- Who decided what: every change of policies, pauses, holds, settings, confirmations.
create or replace view @extschema@.audit as
select
    a.at,
    a.session_role,
    a.acting_role,
    a.action,
    a.object,
    a.table_name,
    a.before,
    a.after
from @extschema@._audit as a;
comment on view @extschema@.audit is
'Every change of policies, holds, settings and confirmations: who, when, before, after.';
