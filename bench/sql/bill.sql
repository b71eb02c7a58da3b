-- What the plan says that a pass would cost.
select
    p.expired_rows,
    p.exact,
    (f.finding ->> 'work_s')::float8 as work_s,
    (f.finding ->> 'wal_bytes')::float8 as wal_bytes,
    f.finding ->> 'basis' as basis
from maint.plan(p_table => %(relation)s::text::regclass, p_exact => %(exact)s) as p
cross join lateral jsonb_array_elements(p.findings) as f (finding)
where f.finding ->> 'check_id' = 'bill';
