-- Tells the pass that asked for it how a concurrent detach ended: p_error_message is null when
-- the server reported none. What is true of the partition says the catalog alone.
create or replace function @extschema@._end_detach(
    p_relation_id oid,
    p_detacher text,
    p_error_sqlstate text,
    p_error_message text
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select set_config(s.name, s.reset_val, false) from pg_settings as s where s.name in ('lock_timeout', 'statement_timeout');
    update @extschema@._detaching as d
    set ended_at = clock_timestamp(), error_sqlstate = p_error_sqlstate, error_message = p_error_message
    where d.relation_id = p_relation_id and d.detacher = p_detacher and d.ended_at is null
$$;
comment on function @extschema@._end_detach(oid, text, text, text) is
'Tells the pass that asked for it how a concurrent detach ended.';
