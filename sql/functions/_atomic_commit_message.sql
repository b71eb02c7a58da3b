-- The server's own words, in its own language, for a COMMIT where none is
-- allowed. A function never may commit, so this always gets that error; a
-- procedure that gets the same one knows that it cannot commit either.
create or replace function @extschema@._atomic_commit_message()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_message text;
begin
    begin
        call @extschema@._try_commit();
    exception
        when invalid_transaction_termination then
            get stacked diagnostics v_message = message_text;
    end;
    return v_message;
end
$$;
comment on function @extschema@._atomic_commit_message() is
'What the server says when a COMMIT is not allowed where it stands.';
