-- What sample() measured, for charts and reports: a reader may not look into the
-- table. Only of the table that the policy is bound to now.
create or replace view @extschema@.samples as
select
    p.schema_name,
    p.table_name,
    s.at,
    s.rows,
    s.heap_bytes + s.index_bytes + s.toast_bytes as total_bytes,
    s.sizes_exact,
    s.dead_rows,
    s.oldest_at,
    s.newest_at,
    s.cutoff,
    s.expired_rows,
    s.expired_exact,
    s.problem
from @extschema@._sample as s
inner join @extschema@._policy as p on s.policy_id = p.policy_id and s.relation_id = p.relation_id;
comment on view @extschema@.samples is
'What was measured of every managed table over time: size, rows, dead rows, oldest row, debt.';
