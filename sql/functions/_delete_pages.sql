-- requires: _delete_rows, _delete_unlocked
-- One batch in one leaf, going up in the heap: the expired rows of a range of
-- pages, or of p_items line pointers of one page. Needs no index and no order, and its cost does not depend on what was
-- deleted before. Rows that an update moves behind us are left to the next sweep.
create or replace function @extschema@._delete_pages(
    p_leaf_id oid,
    p_leaf text,
    p_predicate text,
    p_page bigint,
    p_item integer,
    p_pages bigint,
    p_items integer,
    p_skip_locked boolean,
    out deleted bigint,
    out wal_bytes numeric,
    out skipped bigint,
    out begun_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_where text := format(
        'tableoid = %s and ctid >= ''(%s,%s)'' and ctid < ''(%s,%s)'' and %s',
        p_leaf_id, p_page, p_item, least(p_page + p_pages, 4294967294), p_item + p_items, p_predicate
    );
begin
    if p_skip_locked then
        select d.deleted, d.wal_bytes, d.skipped, d.begun_at into deleted, wal_bytes, skipped, begun_at
        from @extschema@._delete_unlocked(p_leaf_id, p_leaf, v_where, p_predicate) as d;
        return;
    end if;
    skipped := 0;
    select d.deleted, d.wal_bytes, d.begun_at into deleted, wal_bytes, begun_at
    from @extschema@._delete_rows(p_leaf_id, p_leaf, v_where, 'ctid') as d;
end
$$;
comment on function @extschema@._delete_pages(oid, text, text, bigint, integer, bigint, integer, boolean) is
'Deletes the expired rows of a range of heap pages of one leaf.';
