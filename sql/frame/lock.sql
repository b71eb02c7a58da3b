-- One installer at a time, and no batch of a running pass meanwhile. The
-- lock is the transaction's, because poolers strand session locks; so there has
-- to be one.
do $$
begin
    if coalesce(current_setting('pytelemetry_db.schema', true), '') = '' then
        raise exception 'this script has no transaction of its own, and none is open'
            using errcode = 'no_active_sql_transaction',
            hint = 'send begin first, or make the script without --no-transaction';
    end if;
    perform pg_advisory_xact_lock(
        hashtextextended('pytelemetry_db:' || current_setting('pytelemetry_db.schema'), 0)
    );
end
$$;
