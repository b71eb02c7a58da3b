-- Sets the policies of a profile for those of its tables that exist.
select
    p.table_name,
    p.action,
    p.detail,
    p.fix
from @extschema@.apply_profile(p_profile => %(profile)s, p_time_zone => %(time_zone)s) as p;
