-- doctor: is our lock_timeout below the server's deadlock_timeout? Else the server
-- may choose an application's transaction as the victim of a deadlock with us.
select
    pg_catalog.current_setting('deadlock_timeout') as deadlock_timeout,
    @extschema@._get_setting('lock_timeout') as lock_timeout
where
    @extschema@._get_setting('lock_timeout')::interval
    >= pg_catalog.current_setting('deadlock_timeout')::interval;
