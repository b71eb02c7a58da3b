-- The state in which an unexpected error ends a pass. Of memory, and so of the table of
-- locks, only the server's hint says which setting is too low. Reads nothing. Called by
-- the handlers of _start_run and _run_batch.
create or replace function @extschema@._failed_state(p_sqlstate text, p_message text, p_hint text, p_context text)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'stop', 'failed', 'sqlstate', p_sqlstate, 'context', p_context,
        'message', case when p_sqlstate = '53200' then concat_ws('. ', p_message, nullif(p_hint, '')) else p_message end
    )
$$;
comment on function @extschema@._failed_state(text, text, text, text) is
'The state in which an unexpected error ends a pass.';
