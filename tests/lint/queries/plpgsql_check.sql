-- One row for each finding, and one without a finding for each silent routine.
-- A trigger's function is checked once for each table it serves.
select
    p.oid::regprocedure::text as routine,
    case when f.message is not null
        then format('%s, line %s, %s: %s', p.oid::regprocedure, f.lineno, f.level, concat_ws(' | ', f.message, f.detail, f.hint, f.query))
    end as finding
from pg_proc as p
join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
left join pg_trigger as t on t.tgfoid = p.oid and not t.tgisinternal
left join lateral plpgsql_check_function_tb(
    funcoid => p.oid,
    relid => coalesce(t.tgrelid, 0),
    fatal_errors => false,
    other_warnings => true,
    extra_warnings => true,
    performance_warnings => true,
    security_warnings => true,
    compatibility_warnings => true
) as f on true
where p.pronamespace = 'maint'::regnamespace;
