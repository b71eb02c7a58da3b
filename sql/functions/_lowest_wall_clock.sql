-- The lowest wall-clock time that any instant at or after p_instant shows in a
-- zone. Usually the wall clock of p_instant itself; lower when the clock is
-- set back within the next day, because those hours come again. Anything that
-- shows an earlier wall-clock time surely happened before p_instant.
create or replace function @extschema@._lowest_wall_clock(p_instant timestamptz, p_time_zone text)
returns timestamp
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lowest timestamp := p_instant at time zone p_time_zone;
    v_back record;
    v_before timestamptz;
    v_after timestamptz;
    v_middle timestamptz;
begin
    -- No zone was ever set back by more than a day.
    for v_back in
        select s.at, s.at + interval '15 min' as next_at
        from generate_series(p_instant, p_instant + interval '26 hours', interval '15 min') as s (at)
        where
            (s.at + interval '15 min') at time zone p_time_zone
            < (s.at at time zone p_time_zone) + interval '15 min'
    loop
        -- Close in on the first instant of the new offset.
        v_before := v_back.at;
        v_after := v_back.next_at;
        while v_after - v_before > interval '1 microsecond' loop
            v_middle := v_before + (v_after - v_before) / 2;
            if (v_middle at time zone p_time_zone) - (v_back.at at time zone p_time_zone) = v_middle - v_back.at then
                v_before := v_middle;
            else
                v_after := v_middle;
            end if;
        end loop;
        v_lowest := least(v_lowest, v_after at time zone p_time_zone);
    end loop;
    return v_lowest;
end
$$;
comment on function @extschema@._lowest_wall_clock(timestamptz, text) is
'The lowest wall-clock time of any instant at or after p_instant in a zone.';
