-- Commits, or gets the error that says why it cannot; see _atomic_commit_message.
create or replace procedure @extschema@._try_commit()
language plpgsql
as $$
begin
    commit;
end
$$;
comment on procedure @extschema@._try_commit () is
'Commits, or gets the error that says why it cannot.';
