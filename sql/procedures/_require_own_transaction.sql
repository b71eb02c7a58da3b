-- requires: _atomic_commit_message
-- First step of every committing procedure: may we commit here? Under BEGIN,
-- from a function, or beside another statement in one string the server says
-- only "invalid transaction termination"; this says what to do. A COMMIT in a
-- block with EXCEPTION fails either way, with another message where one is
-- allowed, and the messages tell which it was, in whatever language.
create or replace procedure @extschema@._require_own_transaction(p_name text)
language plpgsql
as $$
declare
    v_message pg_catalog.text;
begin
    begin
        commit;
    exception
        when invalid_transaction_termination then
            get stacked diagnostics v_message = message_text;
    end;
    if v_message operator(pg_catalog.=) @extschema@._atomic_commit_message() then
        raise exception '% commits after every batch, so it cannot run inside a transaction or a function', p_name
            using errcode = 'invalid_transaction_termination',
            detail = 'It was called after BEGIN, from a function, or together with another statement in one string (SET …; CALL …).',
            hint = 'Send the CALL alone, as its own statement. A pg_cron command is exactly one CALL.';
    end if;
end
$$;
comment on procedure @extschema@._require_own_transaction (text) is
'An error that says what to do when a procedure that commits was called where it cannot.';
