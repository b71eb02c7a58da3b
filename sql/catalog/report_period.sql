-- report: the time it covers, and the one before it for comparison.
select
    n.at,
    n.at - %(since)s::interval as begins_at,
    n.at - 2 * %(since)s::interval as before_at
from (select clock_timestamp() as at) as n;
