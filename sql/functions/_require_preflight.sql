-- requires: _preflight
-- Runs the preflight for the current role: the first error is raised with its
-- fix as the hint and the others as the detail; without one, warnings and notes are shown.
create or replace function @extschema@._require_preflight(p_policy @extschema@._policy)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_finding record;
    v_errors text [];
    v_fix text;
    v_errcode text;
    v_warnings text [] := array[]::text [];
    v_warning_fixes text [] := array[]::text [];
    v_notes text [] := array[]::text [];
    v_note_fixes text [] := array[]::text [];
begin
    for v_finding in
        select
            f.level, f.detail, f.fix,
            case f.check_id when 'privilege' then 'insufficient_privilege' else 'invalid_parameter_value' end as errcode
        from @extschema@._preflight((p_policy).relation_id, (p_policy).time_column, (p_policy).epoch_unit, current_user) as f
    loop
        if v_finding.level = 'error' then
            v_errors := v_errors || v_finding.detail;
            v_fix := coalesce(v_fix, v_finding.fix);
            v_errcode := coalesce(v_errcode, v_finding.errcode);
        elsif v_finding.level = 'note' then
            v_notes := v_notes || v_finding.detail;
            v_note_fixes := v_note_fixes || coalesce(v_finding.fix, '');
        else
            v_warnings := v_warnings || v_finding.detail;
            v_warning_fixes := v_warning_fixes || coalesce(v_finding.fix, '');
        end if;
    end loop;
    if v_errors is not null then
        raise exception 'cannot clean %.%: %', (p_policy).schema_name, (p_policy).table_name, v_errors[1]
            using errcode = v_errcode,
            detail = coalesce('Also: ' || nullif(array_to_string(v_errors[2:], '; '), ''), 'Nothing else stands in the way.'),
            hint = coalesce(v_fix, 'Choose another table.');
    end if;
    for v_number in 1 .. cardinality(v_warnings) loop
        raise warning '%', v_warnings[v_number] using hint = v_warning_fixes[v_number];
    end loop;
    for v_number in 1 .. cardinality(v_notes) loop
        raise notice '%', v_notes[v_number] using hint = v_note_fixes[v_number];
    end loop;
end
$$;
comment on function @extschema@._require_preflight(@extschema@._policy) is
'Raises the first preflight error of a policy with its fix; shows warnings and notes.';
