-- requires: _cutoff_literal
-- Has a table a row of a time in between? The first one answers; an index on the time
-- column is taken where there is one, because the first rows of the heap are old.
create or replace function @extschema@._has_rows_between(
    p_policy @extschema@._policy,
    p_from timestamptz,
    p_to timestamptz
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = off
set enable_seqscan = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_found boolean;
begin
    execute format(
        'select exists (select from %1$s where %2$I >= %3$s and %2$I <= %4$s)',
        @extschema@._qualified_name((p_policy).relation_id), (p_policy).time_column,
        @extschema@._cutoff_literal(p_from, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone),
        @extschema@._cutoff_literal(p_to, (p_policy).time_type, (p_policy).epoch_unit, (p_policy).time_zone)
    ) into v_found;
    return v_found;
end
$$;
comment on function @extschema@._has_rows_between(@extschema@._policy, timestamptz, timestamptz) is
'Has a table a row of a time in between?';
