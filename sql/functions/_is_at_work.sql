-- Whether a session with that application_name runs a statement in this database, or did a
-- moment ago. By its transaction, which everybody may see; what it runs only some may. While a
-- concurrent detach waits for readers, it holds no lock of any table.
create or replace function @extschema@._is_at_work(p_application_name text)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_stat_activity as a
        where
            a.application_name = p_application_name and a.datname = current_database()
            and (
                a.state <> 'idle' or a.state_change > clock_timestamp() - interval '2 s'
                or exists (select from pg_locks as l where l.pid = a.pid and l.locktype = 'virtualxid')
            )
    )
$$;
comment on function @extschema@._is_at_work(text) is
'Whether a session with that application_name runs a statement in this database.';
