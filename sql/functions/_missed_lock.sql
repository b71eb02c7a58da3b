-- A batch met a lock, or a row that was moved to another partition meanwhile
-- (SQLSTATE 40001), and was rolled back. Wait a little longer each time, for a random
-- while, because others met it, too. Without a
-- leaf it was no row that was locked; else try half the rows, and skip what is
-- locked, where the role may lock rows (which takes UPDATE on a column). Give up
-- after ten misses in a row.
create or replace function @extschema@._missed_lock(p_state jsonb, p_leaf_id oid, p_sqlstate text, p_message text)
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select
        p_state
        || jsonb_build_object(
            'missed', m.missed,
            'limit', greatest((p_state ->> 'limit')::integer / case when p_leaf_id is null then 1 else 2 end, 1),
            'skips', p_sqlstate = '55P03' and coalesce(has_any_column_privilege(p_leaf_id, 'UPDATE'), false)
        )
        || case
            when m.missed >= 10
                then jsonb_build_object('stop', 'locked', 'sqlstate', p_sqlstate, 'message', p_message, 'detail', 'a lock was held through ten attempts')
            else jsonb_build_object('wait', (least(100 * 2 ^ m.missed, 2000) * (0.75 + random() / 2))::integer)
        end
    from (select coalesce((p_state ->> 'missed')::integer, 0) + 1 as missed) as m
$$;
comment on function @extschema@._missed_lock(jsonb, oid, text, text) is
'State after a batch met a lock: wait, try less and skip what is locked, or stop as locked.';
