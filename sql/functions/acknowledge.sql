-- Silences one finding of health, for a time and with a reason that is kept. An end
-- in the past takes the silence back.
create or replace function @extschema@.acknowledge(
    p_fingerprint text,
    p_reason text,
    p_until timestamptz
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_fingerprint is null or p_fingerprint !~ '^[0-9a-f]{12}$' then
        raise exception 'p_fingerprint is "%"', p_fingerprint
            using errcode = 'invalid_parameter_value', hint = 'It is a column of the view health: twelve digits from 0 to f.';
    elsif coalesce(p_reason, '') ~ '^\s*$' then
        raise exception 'an acknowledgement needs a reason'
            using errcode = 'invalid_parameter_value', hint = 'Say p_reason => ''…''; the view health shows it.';
    elsif p_until is null or p_until > now() + interval '1 year' then
        raise exception 'an acknowledgement needs an end, within a year'
            using errcode = 'invalid_parameter_value', hint = 'Say p_until => now() + interval ''7 days''.';
    end if;
    insert into @extschema@._acknowledgement as k (fingerprint, reason, silent_until)
    values (p_fingerprint, p_reason, p_until)
    on conflict (fingerprint) do update
    set
        reason = excluded.reason, silent_until = excluded.silent_until, acknowledged_at = now(),
        acknowledged_by = session_user;
    delete from @extschema@._acknowledgement as k where k.silent_until < now();
end
$$;
comment on function @extschema@.acknowledge(text, text, timestamptz) is
'Silences one finding of health until a time, with a reason that is kept.';
