-- partition adopt: a set of pg_partman's becomes one of ours; what was decided, and why.
select
    a.aspect,
    a.value,
    a.remark
from @extschema@.adopt(
    p_table => %(p_table)s::text::regclass,
    p_keep => %(p_keep)s::interval,
    p_time_zone => %(p_time_zone)s::text,
    p_detached_keep => %(p_detached_keep)s::interval
) as a;
