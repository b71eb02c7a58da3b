-- All leaves were scanned. Late rows may have come in behind the scan, so
-- another sweep follows until one finds nothing; a trickle that never ends is
-- left to the next pass after three.
create or replace function @extschema@._end_sweep(p_state jsonb, p_batch_rows integer)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when s.found = 0 or (s.sweep >= 3 and s.found < p_batch_rows) then p_state || '{"stop": "done"}'
            else (p_state - array['leaf', 'after', 'kept']) || jsonb_build_object('sweep', s.sweep + 1, 'sweep_rows', 0)
        end
    from (
        select
            coalesce((p_state ->> 'sweep')::integer, 1) as sweep,
            coalesce((p_state ->> 'sweep_rows')::bigint, 0) as found
    ) as s
$$;
comment on function @extschema@._end_sweep(jsonb, integer) is
'State after a sweep: another one, or done.';
