-- What ends a pass that has nothing more to do with whole partitions: a cleanup goes on to
-- rows; a rotation is done, or failed with what it had to leave out.
create or replace function @extschema@._rotation_end(p_run @extschema@._run, p_state jsonb)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text;
begin
    if (p_run).kind = 'cleanup' then
        return jsonb_build_object('rotated', true);
    end if;
    select string_agg(l.value, '; ' order by l.value) into v_problem
    from jsonb_each_text(coalesce(p_state -> 'left_out', '{}')) as l
    where p_state -> 'failed' ? l.key;
    return case
        when v_problem is null and (p_run).partitions_made >= 1000 then '{"stop": "done", "detail": "1000 partitions at most are made by a pass; the next pass goes on"}'
        when v_problem is null then '{"stop": "done"}'
        else jsonb_build_object(
            'stop', case p_state ->> 'failed_sqlstate' when '55P03' then 'locked' else 'failed' end,
            'sqlstate', p_state ->> 'failed_sqlstate', 'message', v_problem
        )
    end;
end
$$;
comment on function @extschema@._rotation_end(@extschema@._run, jsonb) is
'What ends a pass that has nothing more to do with whole partitions.';
