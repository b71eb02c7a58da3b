-- requires: _writes
-- All leaves were scanned. Late rows may have come in behind the scan, so
-- another sweep follows until one finds nothing; a trickle that never ends is
-- left to the next pass after three, and so is everything late after a big sweep
-- during which nobody wrote. Rows that were skipped because somebody had locked
-- them get a second look, ten in all.
create or replace function @extschema@._end_sweep(p_relation_id oid, p_state jsonb, p_batch_rows integer)
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when s.skipped > 0 and s.looks >= 9 then p_state || jsonb_build_object(
                'stop', 'locked', 'sqlstate', '55P03', 'message', format('%s row%s stayed locked by other sessions', s.skipped, case s.skipped when 1 then '' else 's' end),
                'detail', 'a lock was held through ten attempts'
            )
            when s.skipped > 0 then n.next || jsonb_build_object('looks', s.looks + 1, 'wait', least(100 * 2 ^ (s.looks + 1), 2000)::integer)
            when s.is_partial then n.next
            when s.found = 0 or (s.sweep >= 3 and s.found < coalesce(p_batch_rows, 10000)) then p_state || '{"stop": "done"}'
            when s.found > 200000 and @extschema@._writes(p_relation_id) = (p_state ->> 'writes')::numeric then p_state || '{"stop": "done"}'
            else n.next
        end
    from (
        select
            coalesce((p_state ->> 'sweep')::integer, 1) as sweep,
            coalesce((p_state ->> 'sweep_rows')::bigint, 0) as found,
            coalesce((p_state ->> 'sweep_skipped')::bigint, 0) as skipped,
            coalesce((p_state ->> 'looks')::integer, 0) as looks,
            coalesce((p_state ->> 'partial')::boolean, false) as is_partial
    ) as s
    cross join lateral (
        select
            (p_state - array['leaf', 'mode', 'after', 'kept', 'page', 'item', 'partial', 'missed'])
            || jsonb_build_object('sweep', s.sweep + 1, 'sweep_rows', 0, 'sweep_skipped', 0) as next
    ) as n
$$;
comment on function @extschema@._end_sweep(oid, jsonb, integer) is
'State after a sweep: another one, or done.';
