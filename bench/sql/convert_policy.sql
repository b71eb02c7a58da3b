-- What a conversion goes by.
analyze agg_1m;
select p.policy_id
from maint.set_policy('public.agg_1m', '90 days', 'window_start_ts') as p;
