-- One installer at a time, and no batch of a running pass meanwhile. The
-- lock is the transaction's, because poolers strand session locks; so there has
-- to be one.
do $$
declare
    v_schema text := current_setting('pytelemetry_db.schema', true);
    v_key bigint;
    v_holders text;
begin
    if coalesce(v_schema, '') = '' then
        raise exception 'this script has no transaction of its own, and none is open'
            using errcode = 'no_active_sql_transaction',
            hint = 'send begin first, or make the script without --no-transaction';
    end if;
    v_key := hashtextextended('pytelemetry_db:' || v_schema, 0);
    perform pg_advisory_xact_lock(v_key);
exception
    when lock_not_available then
        select string_agg(format('pid %s (%s, %s)', a.pid, a.usename, a.application_name), ', ' order by a.pid) into v_holders
        from pg_locks as l
        inner join pg_stat_activity as a on a.pid = l.pid
        where
            l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and l.database = (select d.oid from pg_database as d where d.datname = current_database())
            and (l.classid::bigint << 32) | l.objid::bigint = v_key;
        raise exception 'another installer, or a long batch of a pass, held the lock of schema "%" for more than %',
            v_schema, current_setting('lock_timeout')
            using errcode = 'lock_not_available', detail = 'Held by ' || coalesce(v_holders, 'nobody any more') || '.',
            hint = 'run it again; pause() stops a pass at its batch';
end
$$;
-- Whoever goes on after that first error would carry out the rest piece by piece.
do $$
begin
    if coalesce(current_setting('pytelemetry_db.schema', true), '') = '' then
        perform pg_terminate_backend(pg_backend_pid());
    end if;
end
$$;
