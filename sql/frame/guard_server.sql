-- Refuses a server that cannot take the script: too old or read-only.
do $$
begin
    if current_setting('server_version_num')::integer < 150000 then
        raise exception 'PostgreSQL % is too old', current_setting('server_version')
            using errcode = 'object_not_in_prerequisite_state', hint = 'upgrade to PostgreSQL 15 or later';
    end if;
    if pg_is_in_recovery() then
        raise exception 'this server is a read-only standby'
            using errcode = 'read_only_sql_transaction', hint = 'connect to the primary';
    end if;
    if current_setting('transaction_read_only')::boolean then
        raise exception 'this transaction is read-only'
            using errcode = 'read_only_sql_transaction', hint = 'set default_transaction_read_only = off';
    end if;
end
$$;
