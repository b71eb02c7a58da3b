-- State after a batch: the size of the next one, and the pause before it. The
-- cost of a row is measured whenever a batch was at least half full; a batch that
-- took too long shrinks the next one at once. A fixed batch_rows stays what it
-- is. Whoever waits for a lock of ours gets a longer pause and smaller batches.
-- p_locked_ms is the time for which rows were locked: what it takes to find them is
-- the same for small batches, which would only become more and more.
create or replace function @extschema@._next_pace(
    p_state jsonb,
    p_batch_rows integer,
    p_deleted bigint,
    p_wal_bytes numeric,
    p_locked_ms double precision,
    p_elapsed_ms double precision,
    p_blocked integer
)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select
        jsonb_build_object(
            'limit', case
                when p_batch_rows is not null then least(s.size * 2, p_batch_rows)
                else greatest(1, least(
                    case
                        when p_locked_ms > s.target * 1.25 then s.size * 0.9 * s.target / p_locked_ms
                        when p_locked_ms < s.target / 3 then s.size * 4
                        else s.size * 1.5
                    end,
                    0.85 * s.target / c.cost,
                    -- Of a batch that deleted little, most of it is not for its rows.
                    case when p_deleted >= s.size / 2 then s.wal * p_deleted / nullif(p_wal_bytes, 0) end
                ) / case when p_blocked > 0 then 2 else 1 end)::integer
            end,
            'cost', c.cost,
            -- Half of the time after which a pass counts as dead, at most.
            'wait', least(30000, p_elapsed_ms * (1 / s.duty - 1) + case when p_blocked > 0 then s.target else 0 end)::integer
        )
    from (
        select
            (p_state ->> 'limit')::double precision as size,
            (p_state ->> 'target')::double precision as target,
            (p_state ->> 'duty')::double precision as duty,
            (p_state ->> 'wal')::double precision as wal,
            coalesce((p_state ->> 'cost')::double precision, 0.001) as cost
    ) as s
    cross join lateral (
        select
            case
                when p_deleted < s.size / 2 then s.cost
                when p_locked_ms / p_deleted > s.cost then p_locked_ms / p_deleted
                else (s.cost + p_locked_ms / p_deleted) / 2
            end as cost
    ) as c
$$;
comment on function @extschema@._next_pace(
    jsonb, integer, bigint, numeric, double precision, double precision, integer
) is
'State after a batch: the size of the next one, and the pause before it in ms.';
