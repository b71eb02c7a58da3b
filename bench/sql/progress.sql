-- How far the pass is, and how many seconds after its beginning it was so far.
select
    p.rows,
    p.batches,
    extract(epoch from p.elapsed - p.heartbeat_age)::float8 as at
from maint.progress as p;
