-- Ends the transaction and begins the next one of a pass, with everything that
-- a batch relies on. SET LOCAL is lost at every COMMIT, hence here, as
-- statements (Citus passes nothing else on to its workers). p_current: the
-- release that the caller belongs to is still installed, and cannot be replaced
-- until this transaction ends; if not, the caller returns and calls nothing.
create or replace procedure @extschema@._begin_transaction(
    p_version text,
    p_lock_timeout_ms integer,
    inout p_current boolean
)
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
    -- An upgrade takes seconds.
    set local lock_timeout = '1min';
    p_current := @extschema@._enter(p_version);
    execute format('set local lock_timeout = %s', p_lock_timeout_ms);
end
$$;
comment on procedure @extschema@._begin_transaction (text, integer, boolean) is
'Commits and begins the next transaction of a pass with its settings and under the installation lock.';
