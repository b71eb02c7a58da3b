-- requires: _touch_table
-- Ends a hold; it stays in the list, with who ended it and why.
create or replace function @extschema@.release_hold(p_hold_id bigint, p_reason text default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
declare
    v_hold @extschema@._hold;
begin
    select h.* into v_hold from @extschema@._hold as h where h.hold_id = p_hold_id for update;
    if not found then
        raise exception 'there is no hold %', coalesce(p_hold_id::text, 'null')
            using errcode = 'no_data_found', hint = 'The view holds (command line: hold list) has them all.';
    elsif v_hold.released_at is not null then
        raise exception 'hold % was released by % at %', p_hold_id, v_hold.released_by, v_hold.released_at
            using errcode = 'invalid_parameter_value', hint = 'Nothing is left to do.';
    elsif coalesce(p_reason, '') ~ '^\s*$' then
        raise exception 'to release a hold needs a reason'
            using errcode = 'invalid_parameter_value', hint = 'Say p_reason => ''…'' (command line: --reason); it is kept in the audit.';
    end if;
    update @extschema@._hold as h
    set released_at = now(), released_by = session_user, release_reason = p_reason
    where h.hold_id = p_hold_id;
    perform @extschema@._touch_table(p_hold_id);
end
$$;
comment on function @extschema@.release_hold(bigint, text) is
'Ends a hold, with a reason that is kept.';
