-- Ends the transaction and begins the next one of a pass, with everything that
-- a batch relies on. SET LOCAL is lost at every COMMIT, hence here, as
-- statements (Citus passes nothing else on to its workers). Sets
-- pytelemetry_db.current: true while the caller's release is the installed one,
-- which cannot change until this transaction ends; otherwise the caller returns
-- and calls nothing. Not an INOUT: it may be gone when it returns.
create or replace procedure @extschema@._begin_transaction(p_version text, p_lock_timeout_ms integer)
language plpgsql
as $$
begin
    commit;
    set transaction isolation level read committed, read write;
    set local search_path = pg_catalog, pg_temp;
    if current_setting('citus.propagate_set_commands', true) is not null then
        set local citus.propagate_set_commands = 'local';
    end if;
    set local row_security = off;
    -- Compiling takes longer than what it would speed up: catalogs and batches.
    set local jit = off;
    -- An upgrade takes seconds.
    set local lock_timeout = '1min';
    perform set_config('pytelemetry_db.current', @extschema@._enter(p_version)::text, true);
    execute format('set local lock_timeout = %s', p_lock_timeout_ms);
end
$$;
comment on procedure @extschema@._begin_transaction (text, integer) is
'Commits and begins the next transaction of a pass with its settings and under the installation lock.';
