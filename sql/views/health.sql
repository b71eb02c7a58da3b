-- requires: _health_list, _health_check, _health_fingerprint
-- One row for each check and object. Reads catalogs, statistics and our own tables,
-- never a user's table, and runs with the rights of whoever reads it. A condition
-- on check_id runs that check alone.
create or replace view @extschema@.health as
select
    c.check_id,
    case when k.fingerprint is not null and f.status <> 'ok' then 'skipped' else f.status end as status,
    f.object,
    f.value,
    f.unit,
    f.threshold,
    f.method,
    f.statistics_age,
    f.detail
    || case
        when k.fingerprint is not null and f.status <> 'ok'
            then format(' (acknowledged by %s: %s)', k.acknowledged_by, k.reason)
        else ''
    end as detail,
    f.remediation,
    f.lock_level,
    p.fingerprint,
    f.privileges_missing,
    k.silent_until
from @extschema@._health_list() as c
cross join lateral @extschema@._health_check(c.check_id, c.fine) as f
cross join lateral @extschema@._health_fingerprint(c.check_id, f.object) as p (fingerprint)
left join @extschema@._acknowledgement as k
    on
        p.fingerprint = k.fingerprint
        and k.silent_until > now()
order by c.step, f.object;
comment on view @extschema@.health is
'Is it working now? One row for each check and object, with what mends it.';
