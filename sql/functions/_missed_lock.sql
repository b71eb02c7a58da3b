-- A batch met a lock, or a row that was moved to another partition meanwhile
-- (SQLSTATE 40001), and was rolled back. Wait a little longer each time, try
-- half the rows, give up after ten in a row.
create or replace function @extschema@._missed_lock(p_state jsonb, p_limit integer, p_sqlstate text, p_message text)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        p_state
        || jsonb_build_object('missed', m.missed, 'limit', greatest(p_limit / 2, 1))
        || case
            when m.missed >= 10
                then jsonb_build_object('stop', 'locked', 'sqlstate', p_sqlstate, 'message', p_message, 'detail', 'a lock was held through ten attempts')
            else jsonb_build_object('wait', least(100 * 2 ^ m.missed, 2000)::integer)
        end
    from (select coalesce((p_state ->> 'missed')::integer, 0) + 1 as missed) as m
$$;
comment on function @extschema@._missed_lock(jsonb, integer, text, text) is
'State after a batch met a lock: wait and try less, or stop as locked.';
