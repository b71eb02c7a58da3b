-- partition hand-back: a set of ours becomes one of pg_partman's; what was written, and why.
select
    h.aspect,
    h.value,
    h.remark
from @extschema@.hand_back(
    p_table => %(p_table)s::text::regclass,
    p_drop_policy => %(p_drop_policy)s::boolean,
    p_session_time_zone => %(p_session_time_zone)s::text
) as h;
