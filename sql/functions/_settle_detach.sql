-- requires: _enter_detached, _clock, _is_at_work
-- What came of concurrent detaches that passes of a policy have asked for, also one that died:
-- waits while a session is at it, enters what is detached into the ledger, and lets go of
-- what is not; half detached ones are then finished as those of anybody. Nobody's word but the
-- catalog's counts. Returns the state to go on with, or null when there is nothing to settle.
create or replace function @extschema@._settle_detach(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry @extschema@._detaching;
    v_is_own boolean;
    v_is_partition boolean;
    v_is_pending boolean;
    v_key text;
    v_text text;
begin
    for v_entry in
        select d.* from @extschema@._detaching as d where d.policy_id = (p_policy).policy_id order by d.asked_at for update
    loop
        v_is_own := v_entry.run_id = (p_run).run_id;
        v_key := 'detach ' || v_entry.relation_id;
        continue when coalesce(p_state -> 'left_out', '{}') ? v_key;
        if
            v_entry.ended_at is null
            and (
                coalesce(v_entry.claimed_at + interval '2 s', case when v_is_own then v_entry.asked_at + interval '10 s' end) > clock_timestamp()
                or (v_entry.claimed_at is not null and @extschema@._is_at_work(v_entry.detacher))
            )
        then
            if v_is_own then
                update @extschema@._run as r
                set heartbeat_at = clock_timestamp()
                where r.run_id = (p_run).run_id and r.heartbeat_at < clock_timestamp() - interval '5 s';
                return p_state || '{"wait": 200}';
            end if;
            v_text := format('another session is detaching %I.%I', v_entry.schema_name, v_entry.table_name);
            return p_state || jsonb_build_object(
                'detail', v_text,
                'left_out', coalesce(p_state -> 'left_out', '{}') || jsonb_build_object(v_key, v_text, 'finalize ' || v_entry.relation_id, v_text)
            );
        end if;
        select c.relispartition, i.inhdetachpending into v_is_partition, v_is_pending
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        left join pg_inherits as i on i.inhrelid = c.oid
        where c.oid = v_entry.relation_id and n.nspname = v_entry.schema_name and c.relname = v_entry.table_name;
        -- Of a table that is gone, has another name by now, or has the oid in a copy of the database, nothing is said.
        if not v_is_partition then
            -- Of what nobody has reported a person may be the cause: it is not dropped at once.
            begin
                perform @extschema@._enter_detached(
                    p_run, p_policy, v_entry.relation_id, v_entry.lower_bound, v_entry.upper_bound, v_entry.row_estimate,
                    case
                        when (p_policy).partition_remove = 'drop' and v_is_own and v_entry.ended_at is not null and v_entry.error_message is null
                            then @extschema@._clock()
                        else @extschema@._clock() + (p_policy).detached_keep
                    end
                );
            exception
                when lock_not_available or deadlock_detected or serialization_failure then
                    raise;
                when others then
                    -- It stays announced, for the next pass; partitions are made all the same.
                    return p_state || jsonb_build_object(
                        'failed', coalesce(p_state -> 'failed', '[]') || to_jsonb(v_key), 'failed_sqlstate', sqlstate,
                        'left_out', coalesce(p_state -> 'left_out', '{}')
                        || jsonb_build_object(v_key, format('%I.%I: %s', v_entry.schema_name, v_entry.table_name, sqlerrm))
                    );
            end;
        elsif v_is_own and not v_is_pending then
            p_state := p_state || jsonb_build_object(
                'failed', coalesce(p_state -> 'failed', '[]') || to_jsonb(v_key),
                'failed_sqlstate', coalesce(p_state ->> 'failed_sqlstate', nullif(v_entry.error_sqlstate, '57014'), '55P03'),
                'left_out', coalesce(p_state -> 'left_out', '{}') || jsonb_build_object(
                    v_key, format('%I.%I was not detached: %s', v_entry.schema_name, v_entry.table_name, coalesce(v_entry.error_message, 'no session was there to do it'))
                )
            );
        end if;
        delete from @extschema@._detaching as d where d.relation_id = v_entry.relation_id;
        return p_state - array['missed', 'skips'];
    end loop;
    return null;
end
$$;
comment on function @extschema@._settle_detach(@extschema@._run, @extschema@._policy, jsonb) is
'What came of concurrent detaches that passes of a policy have asked for.';
