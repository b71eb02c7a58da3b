-- One finding of a check, in the one form that all of them have. What is left out
-- is null; a statement without a lock level takes none that anybody notices.
create or replace function @extschema@._health_finding(
    p_status text,
    p_object text,
    p_detail text,
    p_value numeric default null,
    p_unit text default null,
    p_threshold text default null,
    p_method text default 'exact',
    p_statistics_age interval default null,
    p_remediation text default null,
    p_lock_level text default null,
    p_privileges_missing text default null
)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'status', p_status, 'object', p_object, 'detail', p_detail, 'value', p_value, 'unit', p_unit, 'threshold', p_threshold,
        'method', p_method, 'statistics_age', p_statistics_age, 'remediation', p_remediation,
        'lock_level', case when p_remediation is not null then coalesce(p_lock_level, 'none') end,
        'privileges_missing', p_privileges_missing
    )
$$;
comment on function @extschema@._health_finding(
    text, text, text, numeric, text, text, text, interval, text, text, text
) is
'One finding of a check, in the form that all of them have.';
