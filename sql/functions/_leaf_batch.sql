-- requires: _delete_batch, _delete_pages, _last_item
-- One DELETE in a locked leaf, by the strategy that was chosen for it. Returns the
-- state after it, with what it did: "deleted", "wal_bytes", "begun_at" (row locks),
-- "skipped" (rows that somebody had locked). A leaf that is done has no "mode" any more.
create or replace function @extschema@._leaf_batch(
    p_policy @extschema@._policy,
    p_predicate text,
    p_leaf_id oid,
    p_leaf text,
    p_state jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_batch record;
    v_page bigint := (p_state ->> 'page')::bigint;
    v_item integer := coalesce((p_state ->> 'item')::integer, 0);
    v_limit integer := (p_state ->> 'limit')::integer;
    -- Most line pointers that fit on a page.
    v_most integer := current_setting('block_size')::integer / 28;
    v_span bigint;
    v_items integer := 0;
    v_skips boolean := coalesce((p_state ->> 'skips')::boolean, false);
    v_end boolean;
begin
    if p_state ->> 'mode' = 'range' then
        select b.* into v_batch
        from @extschema@._delete_batch(
            p_leaf_id, p_leaf, (p_policy).time_column, (p_policy).time_type, p_predicate,
            p_state ->> 'after', coalesce((p_state ->> 'kept')::integer, 0), v_limit, v_skips,
            case when (p_state ->> 'guesses')::boolean then (p_state ->> 'density')::numeric end
        ) as b;
        v_end := v_batch.exhausted;
        p_state := p_state || jsonb_build_object('after', v_batch.next_after, 'kept', v_batch.next_kept);
    else
        v_span := floor(v_limit / (p_state ->> 'density')::numeric)::bigint;
        if v_item > 0 or v_span = 0 then
            -- Less than a page: what is left of it, or as many line pointers as rows.
            v_most := least(v_most, @extschema@._last_item(p_leaf, v_page) + 1);
            v_items := least(v_limit, greatest(v_most - v_item, 1));
            v_span := 0;
        end if;
        select b.* into v_batch
        from @extschema@._delete_pages(p_leaf_id, p_leaf, p_predicate, v_page, v_item, v_span, v_items, v_skips) as b;
        v_page := v_page + v_span + (v_items > 0 and v_item + v_items >= v_most)::integer;
        v_item := case when v_item + v_items < v_most then v_item + v_items else 0 end;
        v_end := v_page >= (p_state ->> 'pages')::bigint;
        p_state := p_state || jsonb_build_object('page', v_page, 'item', v_item);
    end if;
    if v_end then
        p_state := (p_state - array['mode', 'after', 'kept', 'page', 'item']) || jsonb_build_object('leaf', p_leaf_id::bigint + 1);
    end if;
    return p_state || jsonb_build_object(
        'deleted', v_batch.deleted, 'wal_bytes', v_batch.wal_bytes, 'skipped', v_batch.skipped, 'begun_at', v_batch.begun_at
    );
end
$$;
comment on function @extschema@._leaf_batch(@extschema@._policy, text, oid, text, jsonb) is
'One DELETE in a locked leaf, by the strategy that was chosen for it.';
