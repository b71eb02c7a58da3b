-- health: the checks there are, in order.
select c.check_id
from @extschema@._health_list() as c
order by c.step;
