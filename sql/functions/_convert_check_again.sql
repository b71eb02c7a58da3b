-- requires: _convert_findings, _convert_shape
-- Is the table still what the copy was built from? Somebody may have changed it
-- in between; then nothing is locked, validated or swapped.
create or replace function @extschema@._convert_check_again(p_conversion @extschema@._conversion)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy @extschema@._policy;
    v_detail text;
    v_fix text;
    v_name text := @extschema@._qualified_name((p_conversion).relation_id);
begin
    select p.* into v_policy from @extschema@._policy as p where p.policy_id = (p_conversion).policy_id;
    if not found or v_policy.relation_id <> (p_conversion).relation_id or v_policy.time_column <> (p_conversion).time_column then
        v_detail := 'its policy was dropped, bound to another table or given another column';
    elsif v_name is distinct from format('%I.%I', (p_conversion).schema_name, (p_conversion).table_name) then
        v_detail := 'it was renamed';
    elsif @extschema@._convert_shape((p_conversion).relation_id, (p_conversion).check_name) <> (p_conversion).shape then
        v_detail := 'its columns, indexes, constraints, statistics, options, comments or owner were changed';
    -- Its own CHECK, which is not validated then, would be one.
    elsif (p_conversion).step <> 'validate' then
        select f.detail, f.fix into v_detail, v_fix
        from @extschema@._convert_findings((p_conversion).relation_id, v_policy) as f
        limit 1;
    end if;
    if v_detail is not null then
        raise exception '% is not what it was when its conversion began: %', coalesce(v_name, (p_conversion).table_name), v_detail
            using errcode = 'object_not_in_prerequisite_state',
            hint = coalesce(v_fix, format('Undo it, then begin again: call %I.convert(%L, p_undo => true);', @extschema@._schema(), v_name));
    end if;
end
$$;
comment on function @extschema@._convert_check_again(@extschema@._conversion) is
'Refuses a swap when the table has changed since the conversion began.';
