-- requires: _convert_build, _convert_swap, _convert_swap_back, _convert_abort, _convert_finish
-- requires: _convert_open_findings, _convert_move, _convert_guard, _convert_close, _convert_check_again, _lock_gently
-- One step of a conversion, in one transaction; what it did is written down in the
-- same one. Returns the step that comes next, or "stop" ("done", "failed") and
-- "detail"; "wait" asks for a pause in ms, after a lock that was not to be had, and after
-- a batch that writers waited for: three times as long as it took.
create or replace function @extschema@._convert_step(p_conversion_id bigint, p_lock_timeout_ms integer)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_conversion @extschema@._conversion;
    v_next text;
    v_parent oid;
    v_table text;
    v_moved bigint := 0;
    v_statement text;
    v_began timestamptz := clock_timestamp();
    v_detail text;
    v_fix text;
begin
    begin
        select c.* into strict v_conversion
        from @extschema@._conversion as c
        where c.conversion_id = p_conversion_id
        for update nowait;
    exception
        when lock_not_available then
            raise exception 'another session is at this conversion'
                using errcode = 'lock_not_available', hint = 'The view conversions says how far it is; one session is enough.';
    end;
    v_parent := v_conversion.parent_id;
    v_table := @extschema@._qualified_name(v_conversion.relation_id);
    begin
        if v_conversion.step in ('check', 'validate') then
            perform @extschema@._lock_gently(v_conversion.relation_id);
            perform @extschema@._convert_check_again(v_conversion);
        end if;
        case v_conversion.step
            when 'build' then
                v_parent := @extschema@._convert_build(v_conversion);
                v_next := 'check';
            when 'check' then
                execute format(
                    'alter table only %1$s add constraint %2$I check (%3$I is not null and %3$I >= %4$s::%5$s and %3$I < %6$s::%5$s) not valid', v_table,
                    v_conversion.check_name, v_conversion.time_column, v_conversion.lower_literal, v_conversion.time_type, v_conversion.upper_literal
                );
                v_next := 'validate';
            when 'validate' then
                execute format('alter table %s validate constraint %I', v_table, v_conversion.check_name);
                v_next := 'swap';
            when 'swap' then
                perform @extschema@._convert_swap(v_conversion, p_lock_timeout_ms);
                v_next := 'keys';
            when 'keys' then
                v_next := case when @extschema@._convert_finish(v_conversion, v_parent) then 'done' else 'keys' end;
            when 'undo' then
                if v_conversion.swapped_at is null then
                    perform @extschema@._convert_abort(v_conversion, p_lock_timeout_ms);
                    v_next := 'undone';
                elsif @extschema@._convert_swap_back(v_conversion, p_lock_timeout_ms, false) then
                    v_next := 'undo_keys';
                else
                    v_next := 'open';
                end if;
            when 'open' then
                -- They may be gone by now.
                if @extschema@._convert_swap_back(v_conversion, p_lock_timeout_ms, false) then
                    v_next := 'undo_keys';
                else
                    select string_agg(f.detail, '; '), string_agg(f.fix, E'\n') into v_detail, v_fix
                    from @extschema@._convert_open_findings(v_conversion) as f;
                    if v_detail is not null then
                        raise exception 'rows came in since, and they cannot be moved back: %', v_detail
                            using errcode = 'object_not_in_prerequisite_state', hint = v_fix;
                    end if;
                    perform @extschema@._convert_swap_back(v_conversion, p_lock_timeout_ms, true);
                    -- It may have another schema now.
                    select c.* into strict v_conversion from @extschema@._conversion as c where c.conversion_id = p_conversion_id;
                    -- What is written again and again goes first, before its writers would be sent away.
                    v_moved := @extschema@._convert_move(v_conversion, p_lock_timeout_ms, 1000);
                    foreach v_statement in array @extschema@._convert_guard(v_conversion) loop
                        execute format('%s', v_statement);
                    end loop;
                    v_next := 'move';
                end if;
            when 'move' then
                v_moved := @extschema@._convert_move(v_conversion, p_lock_timeout_ms, 200);
                v_next := case when v_moved > 0 then 'move' else 'close' end;
            when 'close' then
                v_next := case when @extschema@._convert_close(v_conversion, p_lock_timeout_ms) then 'undo_keys' else 'move' end;
            when 'undo_keys' then
                v_next := case when @extschema@._convert_finish(v_conversion, v_conversion.relation_id) then 'undone' else 'undo_keys' end;
            else
                return jsonb_build_object('stop', 'done', 'step', v_conversion.step);
        end case;
    exception
        when lock_not_available or deadlock_detected then
            update @extschema@._conversion as c
            set tries = c.tries + 1, changed_at = clock_timestamp()
            where c.conversion_id = p_conversion_id;
            return jsonb_build_object('step', v_conversion.step, 'wait', 100 + (random() * 400)::integer, 'detail', sqlerrm);
        when query_canceled then
            raise;
        when others then
            get stacked diagnostics v_fix = pg_exception_hint, v_detail = pg_exception_detail;
            v_fix := case
                when sqlstate = '2BP01' then format('%s. Change or drop that first, then call again.', v_detail)
                when sqlstate in ('23503', '23505') then format('%s Mend these rows, then call again.', v_detail)
                when sqlstate = '23514' and v_conversion.step = 'validate' then format(
                    'Find them: select * from %s where %I >= %s::%s or %I < %s::%s; correct or delete them, then call again.', v_table,
                    v_conversion.time_column, v_conversion.upper_literal, v_conversion.time_type,
                    v_conversion.time_column, v_conversion.lower_literal, v_conversion.time_type
                )
                else v_fix
            end;
            update @extschema@._conversion as c
            set last_error = format('%s [%s]', sqlerrm, sqlstate), last_error_at = clock_timestamp()
            where c.conversion_id = p_conversion_id;
            return jsonb_build_object('stop', 'failed', 'step', v_conversion.step, 'detail', sqlerrm, 'sqlstate', sqlstate, 'fix', nullif(v_fix, ''));
    end;
    update @extschema@._conversion as c
    set
        step = v_next, moved_rows = c.moved_rows + v_moved, parent_id = v_parent, tries = 0, last_error = null, last_error_at = null, changed_at = clock_timestamp(),
        swapped_at = case when v_conversion.step = 'swap' then clock_timestamp() else c.swapped_at end,
        finished_at = case when v_next in ('done', 'undone') then clock_timestamp() end
    where c.conversion_id = p_conversion_id;
    return jsonb_build_object('step', v_next, 'done', v_conversion.step)
        || case when v_moved > 0 then jsonb_build_object('wait', (extract(epoch from clock_timestamp() - v_began) * 3000)::integer) else '{}' end;
end
$$;
comment on function @extschema@._convert_step(bigint, integer) is
'One step of a conversion, in one transaction.';
