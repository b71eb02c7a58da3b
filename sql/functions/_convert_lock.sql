-- requires: _lock_within, _limit_lock, _follow_up_others
-- Takes every lock that a swap needs: first what nobody waits behind (passes end
-- their batch, autovacuum gives way), then those that stop the writers, all of them until
-- one time at most, which is returned.
create or replace function @extschema@._convert_lock(p_relation_id oid, p_other oid, p_lock_timeout_ms integer)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_until timestamptz;
    v_locked text[] := (select o.locked from @extschema@._follow_up_others(p_relation_id) as o);
    v_referenced text[] := array(
        select distinct @extschema@._qualified_name(k.confrelid)
        from pg_constraint as k
        -- Who may not lock it leaves that to the statement that needs it, which waits no longer either.
        where k.conrelid = p_relation_id and k.contype = 'f' and has_table_privilege(k.confrelid, 'UPDATE, DELETE')
    );
    v_wait interval := current_setting('deadlock_timeout')::interval + interval '500 ms';
    v_name text := @extschema@._qualified_name(p_relation_id);
begin
    perform @extschema@._limit_lock(clock_timestamp() + interval '5 s');
    perform @extschema@._lock_policy(least(p_relation_id, p_other));
    perform @extschema@._lock_policy(greatest(p_relation_id, p_other));
    -- Longer than the deadlock check, which is what makes autovacuum give way.
    perform @extschema@._lock_within(
        array(
            select @extschema@._qualified_name(l.relation_id) from @extschema@._leaves(p_relation_id) as l order by l.relation_id
        ),
        'share update exclusive', clock_timestamp() + v_wait
    );
    perform @extschema@._lock_within(v_locked || v_referenced, 'share update exclusive', clock_timestamp() + v_wait);
    v_until := clock_timestamp() + make_interval(secs => p_lock_timeout_ms / 1000.0);
    perform @extschema@._lock_within(v_locked, 'access exclusive', v_until);
    perform @extschema@._lock_within(v_referenced, 'share row exclusive', v_until);
    perform @extschema@._lock_within(array[v_name], 'access exclusive', v_until);
    return v_until;
end
$$;
comment on function @extschema@._convert_lock(oid, oid, integer) is
'Takes every lock that a swap needs, and tells until when it may wait for more.';
