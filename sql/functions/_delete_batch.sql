-- requires: _probe_boundary, _guess_boundary, _tie_rows, _delete_rows, _delete_unlocked
-- One batch in one leaf, going up in time from p_after. A range of time values
-- that holds about p_rows expired rows is deleted; rows of equal time stay
-- together, so the next batch begins at the boundary again (>=). A tie group
-- larger than a batch is cut by ctid; the rows of it that were tried and stayed
-- (a trigger kept them) are counted and skipped, or we never end. The predicate
-- is repeated in every DELETE: a row that was changed meanwhile is judged again.
create or replace function @extschema@._delete_batch(
    p_leaf_id oid,
    p_leaf text,
    p_time_column name,
    p_time_type text,
    p_predicate text,
    p_after text,
    p_kept integer,
    p_rows integer,
    p_skip_locked boolean,
    p_density numeric,
    out deleted bigint,
    out wal_bytes numeric,
    out next_after text,
    out next_kept integer,
    out exhausted boolean,
    out skipped bigint,
    out begun_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_where text := p_predicate;
    v_range text;
begin
    if p_after is not null then
        v_where := format('%I >= %L::%s and %s', p_time_column, p_after, p_time_type, p_predicate);
    end if;
    if p_density is not null and p_kept = 0 then
        next_after := @extschema@._guess_boundary(p_leaf, p_time_column, p_time_type, v_where, p_rows, p_density);
    end if;
    next_after := coalesce(
        nullif(next_after, p_after), @extschema@._probe_boundary(p_leaf, p_time_column, v_where, p_kept + p_rows)
    );
    next_kept := 0;
    skipped := 0;
    exhausted := next_after is null;
    if exhausted or next_after is distinct from p_after then
        v_range := v_where;
        if not exhausted then
            v_range := format('%I < %L::%s and %s', p_time_column, next_after, p_time_type, v_where);
        end if;
        if p_skip_locked then
            select d.deleted, d.wal_bytes, d.skipped, d.begun_at into deleted, wal_bytes, skipped, begun_at
            from @extschema@._delete_unlocked(p_leaf_id, p_leaf, format('tableoid = %s and %s', p_leaf_id, v_range), p_predicate) as d;
            return;
        end if;
        begin
            -- The oid, because renaming a schema waits for nobody: the name may lead to another table by
            -- now. The probe does without, as it would lose its index-only scan.
            select d.deleted, d.wal_bytes, d.begun_at into deleted, wal_bytes, begun_at
            from @extschema@._delete_rows(
                p_leaf_id, p_leaf, format('tableoid = %s and %s', p_leaf_id, v_range), p_time_column
            ) as d;
            -- Rows may have come in after the probe; never commit an outsize batch.
            if deleted <= p_rows * 1.5 then
                return;
            end if;
            raise exception 'batch of % rows', deleted using errcode = 'program_limit_exceeded';
        exception
            when program_limit_exceeded then
                if deleted is null or deleted <= p_rows * 1.5 then
                    raise;
                end if;
        end;
        next_after := p_after;
        exhausted := false;
        p_kept := 0;
    end if;
    select d.deleted, d.wal_bytes, d.begun_at into deleted, wal_bytes, begun_at
    from @extschema@._delete_rows(
        p_leaf_id, p_leaf,
        format(
            'tableoid = %s and ctid = any(%L::tid[]) and %s',
            p_leaf_id, @extschema@._tie_rows(p_leaf, p_time_column, v_where, p_kept, p_rows), p_predicate
        ), 'ctid'
    ) as d;
    next_kept := (p_kept + p_rows - deleted)::integer;
end
$$;
comment on function @extschema@._delete_batch(oid, text, name, text, text, text, integer, integer, boolean, numeric) is
'Deletes one batch of expired rows from one leaf, going up in time.';
