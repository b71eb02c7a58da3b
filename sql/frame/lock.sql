-- One installer at a time, and no batch of a running pass meanwhile. The
-- lock is the transaction's, because poolers strand session locks.
do $$
begin
    perform pg_advisory_xact_lock(
        hashtextextended('pytelemetry_db:' || current_setting('pytelemetry_db.schema'), 0)
    );
end
$$;
