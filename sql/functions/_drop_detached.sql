-- requires: _lock_gently, _lock_table, _holds_of, _clock, _is_detached, _keeps_detached
-- Drops one table that an earlier step detached and whose time has come: nothing that
-- is not in the ledger, nothing that is a partition again, renamed or another table by
-- now (those leave the ledger). Returns null, or why it stays. Nobody works on it any
-- more, so the lock may be waited for past an autovacuum.
create or replace function @extschema@._drop_detached(
    p_run @extschema@._run,
    p_policy @extschema@._policy,
    p_detached_id bigint
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
-- @plpgsql_check_options: security_warnings = off, performance_warnings = off
declare
    v_entry @extschema@._detached;
    v_holds text;
    v_stays boolean;
    v_before text := current_setting('lock_timeout');
begin
    select d.* into v_entry from @extschema@._detached as d
    where d.detached_id = p_detached_id and d.dropped_at is null and d.drop_after <= @extschema@._clock();
    if not found then
        return null;
    end if;
    if @extschema@._is_detached(v_entry) then
        perform @extschema@._lock_gently(v_entry.relation_id);
        perform set_config(
            'lock_timeout', (select (s.setting::integer + 1000)::text from pg_settings as s where s.name = 'deadlock_timeout'), true
        );
        perform @extschema@._lock_table(v_entry.relation_id, 'access exclusive');
        perform set_config('lock_timeout', v_before, true);
    end if;
    -- Only what is so under the lock counts: until then somebody may have renamed it, and made another one of that name.
    if not @extschema@._is_detached(v_entry) then
        -- Gone, or somebody found a use for it.
        update @extschema@._detached as d set dropped_at = clock_timestamp() where d.detached_id = p_detached_id;
        return null;
    end if;
    if @extschema@._keeps_detached(p_policy, (p_run).cutoff, v_entry) then
        return 'its policy keeps it for longer by now';
    end if;
    -- A hold or a condition may be younger than the detach, and a hold may be of this table itself.
    v_holds := coalesce(@extschema@._holds_of((p_policy).relation_id, (p_policy).schema_name, (p_policy).table_name), '')
        || coalesce(@extschema@._holds_of(v_entry.relation_id, v_entry.schema_name, v_entry.table_name), '');
    if v_holds <> '' or (p_policy).condition is not null then
        if pg_relation_size(v_entry.relation_id) > 268435456 then
            return 'there are holds or a condition, and it is too big to look through';
        end if;
        execute format(
            'select exists (select from %s where (%s%s) is not true)', @extschema@._qualified_name(v_entry.relation_id),
            coalesce('(' || (p_policy).condition || ')', 'true'), v_holds
        ) into v_stays;
        if v_stays then
            return 'a hold or the condition keeps rows of it';
        end if;
    end if;
    execute format('drop table %s', @extschema@._qualified_name(v_entry.relation_id));
    update @extschema@._detached as d
    set dropped_at = clock_timestamp(), dropped_by_run = (p_run).run_id
    where d.detached_id = p_detached_id;
    return null;
end
$$;
comment on function @extschema@._drop_detached(@extschema@._run, @extschema@._policy, bigint) is
'Drops one table of the ledger of detached partitions.';
