-- requires: _delete_rows
-- Deletes the rows of a batch that nobody has locked, after one was met that
-- somebody has. Writes twice the WAL, hence only then.
create or replace function @extschema@._delete_unlocked(
    p_leaf_id oid,
    p_leaf text,
    p_where text,
    p_predicate text,
    out deleted bigint,
    out wal_bytes numeric,
    out skipped bigint,
    out begun_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_rows tid[];
    v_all bigint;
begin
    execute format('select count(*) from only %s where %s', p_leaf, p_where) into v_all;
    begun_at := clock_timestamp();
    execute format('select array(select ctid from only %s where %s for update skip locked)', p_leaf, p_where) into v_rows;
    skipped := greatest(v_all - cardinality(v_rows), 0);
    select d.deleted, d.wal_bytes into deleted, wal_bytes
    from @extschema@._delete_rows(
        p_leaf_id, p_leaf,
        format('tableoid = %s and ctid = any(%L::tid[]) and %s', p_leaf_id, v_rows, p_predicate), 'ctid'
    ) as d;
end
$$;
comment on function @extschema@._delete_unlocked(oid, text, text, text) is
'Deletes the rows of a batch that nobody has locked, and counts the others.';
