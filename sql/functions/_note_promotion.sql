-- requires: _identity, _get_setting
-- Writes a new timeline down when passes go on after a failover (setting
-- on_promotion = continue), so that it is reported once and never lost.
create or replace function @extschema@._note_promotion()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_detail text;
begin
    update @extschema@._home as h
    set timeline = d.timeline
    from @extschema@._identity() as d
    cross join @extschema@._home as o
    where
        (h.system_identifier, h.database_oid) = (d.system_identifier, d.database_oid)
        -- The row itself, not o: of two passes at once the second one sees what the first one wrote.
        and d.timeline <> h.timeline
        and @extschema@._get_setting('on_promotion') = 'continue'
    returning format('the timeline changed from %s to %s; passes go on', o.timeline, d.timeline) into v_detail;
    if found then
        insert into @extschema@._installation_log (action, reason) values ('promotion', v_detail);
        raise warning '%', v_detail;
    end if;
end
$$;
comment on function @extschema@._note_promotion() is
'Writes a new timeline down when passes go on after a failover.';
