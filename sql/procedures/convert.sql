-- requires: _require_own_transaction, _begin_transaction, _convert_begin, _convert_step, _get_setting
-- Turns a plain table that is being written into a partitioned one, or back: the
-- old table becomes its first partition and ages out. Called by DBAs and by the
-- command line. One short transaction per step, each written down, so that the next call goes on
-- where this one ended; no writer waits longer than lock_timeout for it.
create or replace procedure @extschema@.convert(
    p_table regclass,
    p_interval interval default null,
    p_premake integer default null,
    p_boundary timestamptz default null,
    p_max_duration interval default '1 hour',
    p_undo boolean default false,
    p_quiet boolean default false
)
language plpgsql
as $$
declare
    v_version constant pg_catalog.text := '@version@';
    v_current pg_catalog.bool;
    v_id pg_catalog.int8;
    v_lock_timeout_ms pg_catalog.int4;
    v_deadline pg_catalog.timestamptz;
    v_wake pg_catalog.timestamptz;
    v_state pg_catalog.jsonb;
    v_name pg_catalog.text;
    v_error pg_catalog.text;
    v_hint pg_catalog.text;
begin
    if pg_catalog.pg_is_in_recovery() then
        raise exception 'this server is a read-only standby' using errcode = 'read_only_sql_transaction', hint = 'Call convert on the primary.';
    end if;
    v_current := @extschema@._enter(v_version);
    if v_current then
        call @extschema@._require_own_transaction('convert');
        call @extschema@._begin_transaction(v_version, 5000);
        v_current := current_setting('pytelemetry_db.current')::boolean;
    end if;
    if not v_current then
        raise notice 'pytelemetry_db was upgraded while this call began; the next one runs the new code';
        return;
    end if;
    v_deadline := clock_timestamp() + coalesce(p_max_duration, interval '1 hour');
    v_lock_timeout_ms := (extract(epoch from @extschema@._get_setting('lock_timeout')::interval) * 1000)::integer;
    v_name := @extschema@._qualified_name(p_table::oid);
    v_hint := format('call %I.convert(%L%s);', @extschema@._schema(), v_name, case when p_undo then ', p_undo => true' else '' end);
    v_id := @extschema@._convert_begin(p_table, p_interval, p_premake, p_boundary, p_undo);
    loop
        call @extschema@._begin_transaction(v_version, v_lock_timeout_ms);
        if not current_setting('pytelemetry_db.current')::boolean then
            raise notice 'pytelemetry_db was upgraded; the next call goes on with the new code';
            return;
        end if;
        v_state := @extschema@._convert_step(v_id, v_lock_timeout_ms);
        exit when v_state ->> 'stop' is not null;
        if not p_quiet and v_state ? 'done' and v_state ->> 'done' <> v_state ->> 'step' then
            raise notice '%: % is done', v_name, v_state ->> 'done';
        end if;
        exit when clock_timestamp() > v_deadline;
        v_wake := clock_timestamp() + coalesce((v_state ->> 'wait')::integer, 0) * interval '1 ms';
        while clock_timestamp() < v_wake loop
            -- Nothing is locked meanwhile, and a sleeping statement would hold the xmin horizon.
            call @extschema@._begin_transaction(v_version, v_lock_timeout_ms);
            exit when not current_setting('pytelemetry_db.current')::boolean;
            perform pg_sleep(least(0.2, greatest(extract(epoch from v_wake - clock_timestamp()), 0)));
        end loop;
    end loop;
    if v_state ->> 'stop' = 'failed' then
        v_error := format('%s: the conversion stopped at "%s": %s', v_name, v_state ->> 'step', v_state ->> 'detail');
        v_hint := coalesce(v_state ->> 'fix', v_hint);
    elsif v_state ->> 'stop' is null then
        v_error := format('%s: the conversion is not done, it stands at "%s"%s', v_name, v_state ->> 'step', (
            select format(': %s (%s tries)', v_state ->> 'detail', c.tries) from @extschema@._conversion as c where c.conversion_id = v_id and c.tries > 0
        ));
    end if;
    commit;
    -- The pinned path went with the transaction: no operator from here on.
    if v_error is not null then
        raise exception '%', v_error using errcode = 'object_not_in_prerequisite_state', hint = v_hint;
    end if;
end
$$;
comment on procedure @extschema@.convert (regclass, interval, integer, timestamptz, interval, boolean, boolean) is
'Turns a plain table that is being written into a partitioned one, or back.';
