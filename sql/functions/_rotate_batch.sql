-- requires: _rotation_actions, _rotation_refusal, _owner_refusal, _rotate_create, _detach_partition, _drop_detached
-- requires: _judge, _count_expired, _lock_set_gently, _drive_partman
-- requires: _settle_detach, _ask_detach, _concurrent_refusal, _partition_set, _set_version
-- requires: _proof_until, _is_detached, _drop_proof, _set_after, _rotation_end
-- One step of a rotation, in a transaction of its own: a partition made, detached or
-- dropped. Guards are asked before the first one goes. What fails is written down and
-- left out for the rest of the pass, as is a partition that is locked through ten
-- attempts; other locks that are not had are the caller's business. A pass of cleanup
-- comes here first: it removes whole partitions, and makes none.
create or replace function @extschema@._rotate_batch(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_next record;
    v_key text;
    v_problem text;
    v_locks text;
    v_changed oid;
    v_schema text;
    v_table text;
    v_done jsonb := jsonb_build_object();
    v_stop jsonb;
begin
    if not p_state ? 'proof' and @extschema@._drop_proof(p_policy) then
        -- A pass that was killed had left it.
        return p_state;
    end if;
    if (p_policy).managed_by <> 'us' then
        -- Its partitions, and so its rows, are pg_partman's to remove, unless the policy has rows deleted.
        return case
            when (p_run).kind = 'rotation' and (p_policy).managed_by = 'drive' then @extschema@._drive_partman(p_run, p_policy, p_state)
            when (p_run).kind = 'cleanup' and (p_policy).remove = 'delete' then p_state || '{"rotated": true}'
            else p_state || '{"stop": "done"}'
        end;
    end if;
    if (p_run).kind = 'cleanup' and @extschema@._rotation_refusal(p_policy) is not null then
        -- Rows go one by one then; rotate tells what is wrong.
        return p_state || '{"rotated": true}';
    end if;
    v_stop := @extschema@._settle_detach(p_run, p_policy, p_state);
    if v_stop is not null then
        return v_stop;
    end if;
    if not p_state ? 'tidied' then
        -- Those that somebody found a use for are his, also when he is done with it.
        update @extschema@._detached as d
        set dropped_at = clock_timestamp()
        where d.policy_id = (p_policy).policy_id and d.dropped_at is null and not @extschema@._is_detached(d);
        p_state := p_state || '{"tidied": true}';
    end if;
    if p_state #> '{set,version}' is distinct from @extschema@._set_version(p_policy) then
        p_state := p_state || jsonb_build_object('set', @extschema@._partition_set(p_policy, @extschema@._clock(), (p_run).cutoff));
    end if;
    select a.*, a.action || ' ' || coalesce(a.detached_id::text, a.relation_id::text, a.lower_literal) as key into v_next
    -- One more than those that were left out, so that a long list is not made for its first line.
    from @extschema@._rotation_actions(
        p_policy, (p_run).cutoff, p_state -> 'set',
        case (p_run).kind when 'rotation' then 1 + (select count(*)::integer from jsonb_object_keys(coalesce(p_state -> 'left_out', '{}'))) else 1000 end
    ) as a
    where
        a.action <> 'keep' and ((p_run).kind = 'rotation' or a.action <> 'create')
        -- Of thousands that are missing, the next pass makes more.
        and (a.action <> 'create' or (p_run).partitions_made < 1000)
        and not coalesce(p_state -> 'left_out', '{}') ? (a.action || ' ' || coalesce(a.detached_id::text, a.relation_id::text, a.lower_literal))
    limit 1;
    if p_state ? 'proof' and v_next.action is distinct from 'create' then
        return p_state - 'proof';
    end if;
    if v_next.action is null then
        return p_state || @extschema@._rotation_end(p_run, p_state);
    end if;
    if not p_state ? 'owned' then
        v_stop := @extschema@._owner_refusal(p_policy);
        if v_stop is not null then
            return p_state || case (p_run).kind when 'cleanup' then '{"rotated": true}' else v_stop end;
        end if;
        p_state := p_state || '{"owned": true}';
    end if;
    v_key := v_next.key;
    if v_next.action in ('detach', 'finalize') and (p_run).kind = 'rotation' and not p_state ? 'judged' then
        update @extschema@._run as r
        set rows_before = c.counted, rows_before_exact = c.exact
        from @extschema@._count_expired((p_run).relation_id, (p_run).predicate, 100000) as c
        where r.run_id = (p_run).run_id;
        v_stop := @extschema@._judge(p_policy, (p_run).run_id, (p_state ->> 'since')::timestamptz);
        return p_state || '{"judged": true}' || coalesce(v_stop, '{}');
    end if;
    begin
        case v_next.action
            when 'create' then
                v_done := @extschema@._rotate_create(
                    p_policy, v_next.table_name, v_next.lower_literal, v_next.upper_literal, @extschema@._proof_until(p_policy, (p_run).cutoff, p_state -> 'set', v_next.lower_literal), p_state
                );
                if v_done ? 'made' then
                    update @extschema@._run as r
                    set batches = r.batches + 1, partitions_made = r.partitions_made + 1, heartbeat_at = clock_timestamp()
                    where r.run_id = (p_run).run_id;
                    v_changed := (v_done ->> 'made')::oid;
                end if;
            when 'drop' then
                v_problem := @extschema@._drop_detached(p_run, p_policy, v_next.detached_id);
            else
                if v_next.action = 'detach' and p_state ? 'detacher' then
                    v_locks := @extschema@._concurrent_refusal(p_policy, v_next.relation_id);
                    p_state := p_state || jsonb_strip_nulls(jsonb_build_object('detail', 'detached under a lock: ' || v_locks));
                end if;
                if v_next.action = 'detach' and p_state ? 'detacher' and v_locks is null then
                    v_problem := @extschema@._ask_detach(p_run, p_policy, v_next.relation_id, p_state ->> 'detacher');
                else
                    v_problem := @extschema@._detach_partition(p_run, p_policy, v_next.relation_id);
                    v_changed := v_next.relation_id;
                end if;
        end case;
        -- What is deferred would fail at our COMMIT, where nothing can catch it.
        set constraints all immediate;
        if v_changed is not null and v_problem is null then
            p_state := p_state || jsonb_build_object('set', @extschema@._set_after(p_policy, p_state -> 'set', v_changed));
        end if;
    exception
        when lock_not_available then
            get stacked diagnostics v_schema = schema_name, v_table = table_name;
            if
                coalesce((p_state ->> 'missed')::integer, 0) < 9 or v_next.action = 'create'
                or (v_schema, v_table) is distinct from (v_next.schema_name::text, v_next.table_name::text)
            then
                raise;
            end if;
            p_state := p_state || jsonb_build_object(
                'failed', coalesce(p_state -> 'failed', '[]') || to_jsonb(v_key), 'failed_sqlstate', coalesce(p_state ->> 'failed_sqlstate', sqlstate)
            );
            v_problem := format('%s, through ten attempts', sqlerrm);
        when deadlock_detected or serialization_failure then
            raise;
        when out_of_memory then
            -- Of locks, mostly: the server says so in its hint, which the end of the pass tells.
            raise;
        when others then
            p_state := p_state || jsonb_build_object('failed', coalesce(p_state -> 'failed', '[]') || to_jsonb(v_key), 'failed_sqlstate', sqlstate);
            v_problem := format('%I.%I: %s', v_next.schema_name, v_next.table_name, sqlerrm);
    end;
    if v_problem is not null then
        p_state := p_state || jsonb_build_object(
            'left_out', coalesce(p_state -> 'left_out', '{}') || jsonb_build_object(v_key, v_problem)
        );
    end if;
    return (p_state - array['missed', 'skips']) || (v_done - 'made');
end
$$;
comment on function @extschema@._rotate_batch(@extschema@._run, @extschema@._policy, jsonb) is
'One step of a rotation: a partition made, detached or dropped.';
