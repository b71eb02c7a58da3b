-- What convert would do now, step by step.
select
    p.step,
    p.detail,
    p.locks
from
    @extschema@._convert_plan(
        %(p_table)s::regclass,
        %(p_interval)s::interval,
        %(p_premake)s::integer,
        %(p_boundary)s::timestamptz,
        %(p_undo)s::boolean
    ) as p;
